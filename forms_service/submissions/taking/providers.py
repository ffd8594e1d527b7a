"""Asking a provider of CAPTCHAs whether a token is good: one question in one form for all of them, and 3 seconds."""

import json
import logging
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from forms_service.web.logs import event

DEADLINE = 3.0
"""Seconds for all of it: finding the host, connecting, asking, and the last byte of the answer."""

LONGEST_ANSWER = 65_536
LEAST_SCORE = 0.5
"""Of reCAPTCHA v3, which says yes to everybody and how sure it is; Google's own default."""

OUT_OF_ORDER = frozenset(
    {"bad-request", "internal-error", "invalid-input-secret", "missing-input-secret", "sitekey-secret-mismatch"}
)
"""What a provider says when the form's keys or it itself are at fault, and not the visitor."""


class ProviderAwayError(Exception):
    """No answer that means anything: whether the token is good is not known."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The secret is for the address that was named, and for no other."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Take a redirect as the answer, which then is none."""


_opener = urllib.request.build_opener(_NoRedirects)


def verify(url: str, *, secret: str, token: str, client: str, timeout: float) -> bool:
    """Whether the provider says yes; waits for `timeout` seconds at most.

    :raises ProviderAwayError: when it says nothing until then, or nothing about the token
    """
    said = {"secret": secret, "response": token, **({"remoteip": client} if client != "unknown" else {})}
    answer: Future[Any] = Future()
    # in a thread of its own, since neither finding a host nor an answer that drips in can be ended from outside
    threading.Thread(target=_fulfil, args=(answer, url, said), name="captcha", daemon=True).start()
    try:
        found = answer.result(max(timeout, 0))
    except (TimeoutError, OSError, HTTPException, ValueError, RecursionError) as error:
        raise _away(url, type(error).__name__) from error
    return _means_yes(found, url)


def _fulfil(future: Future[Any], url: str, said: dict[str, str]) -> None:
    try:
        future.set_result(_ask(url, said))
    except Exception as error:  # noqa: BLE001 (it is raised again by whoever waits)
        future.set_exception(error)


def _ask(url: str, said: dict[str, str]) -> Any:
    request = urllib.request.Request(  # noqa: S310 (the operator's own address, http or https)
        url, urllib.parse.urlencode(said).encode(), {"Accept": "application/json"}
    )
    try:
        with _opener.open(request, timeout=DEADLINE) as answer:
            return json.loads(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        error.close()
        raise


def _means_yes(answer: Any, url: str) -> bool:
    success = answer.get("success") if isinstance(answer, dict) else None
    if success is True:
        score = answer.get("score")
        return not (isinstance(score, float | int) and "action" in answer and not score >= LEAST_SCORE)
    if success is not False:
        raise _away(url, "no verdict")
    codes = answer.get("error-codes")
    faults = (
        OUT_OF_ORDER.intersection(code for code in codes if isinstance(code, str)) if isinstance(codes, list) else ()
    )
    if faults:
        raise _away(url, " ".join(sorted(faults)))
    return False


def _away(url: str, reason: str) -> ProviderAwayError:
    event("captcha_unavailable", level=logging.WARNING, provider=urllib.parse.urlsplit(url).hostname, reason=reason)
    return ProviderAwayError(reason)
