"""Client of the CAPTCHA providers, which take the same request."""

import json
import logging
import urllib.parse
from http import HTTPStatus
from typing import Any

from forms_service import outbound
from forms_service.logs import event
from forms_service.outbound import OutboundRequest

TIMEOUT = 3.0
"""Seconds, from DNS lookup to last byte."""

MIN_SCORE = 0.5
"""Google's default; reCAPTCHA v3 accepts everybody with a score."""

PROVIDER_FAULTS = frozenset(
    {"bad-request", "internal-error", "invalid-input-secret", "missing-input-secret", "sitekey-secret-mismatch"}
)
"""Not the visitor's fault."""


class ProviderUnavailableError(Exception):
    """No usable answer."""


def verify(url: str, *, secret: str, token: str, client: str, timeout: float) -> bool:
    """Whether the provider accepts the token.

    :raises ProviderUnavailableError: without a usable answer in `timeout` seconds
    """
    form_data = {"secret": secret, "response": token, **({"remoteip": client} if client != "unknown" else {})}
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        response = outbound.send(
            OutboundRequest(url, "POST", urllib.parse.urlencode(form_data).encode(), headers), timeout
        )
        if response.status != HTTPStatus.OK:
            raise _unavailable(url, f"status {response.status}")
        verdict = json.loads(response.body)
    except (OSError, ValueError, RecursionError) as error:
        raise _unavailable(url, type(error).__name__) from error
    return _parse_verdict(verdict, url)


def _parse_verdict(verdict: Any, url: str) -> bool:
    success = verdict.get("success") if isinstance(verdict, dict) else None
    if success is True:
        score = verdict.get("score")
        return not (isinstance(score, float | int) and "action" in verdict and not score >= MIN_SCORE)
    if success is not False:
        raise _unavailable(url, "no verdict")
    codes = verdict.get("error-codes")
    faults = (
        PROVIDER_FAULTS.intersection(code for code in codes if isinstance(code, str)) if isinstance(codes, list) else ()
    )
    if faults:
        raise _unavailable(url, " ".join(sorted(faults)))
    return False


def _unavailable(url: str, reason: str) -> ProviderUnavailableError:
    event("captcha_unavailable", level=logging.WARNING, provider=urllib.parse.urlsplit(url).hostname, reason=reason)
    return ProviderUnavailableError(reason)
