"""Signed tokens of hosted pages: time first shown, and redirect target, since our page posts corrections."""

import hashlib
import time
from typing import Any
from urllib.parse import urlsplit

from flask import request
from itsdangerous import BadData, URLSafeSerializer

from forms_service.config import settings
from forms_service.validation.urls import is_web_url

START_SALT = "forms_service page start"
RETURN_SALT = "forms_service page return"

SITE_PARAMETER = "_site"
"""Query parameter: return token for the visitor's site."""

MAX_RETURN_AGE = 86_400
"""Seconds."""

MAX_CLOCK_SKEW = 1
"""Seconds."""


def issue_start(age: float = 0) -> str:
    """Sign a start time, `age` seconds ago."""
    return _serializer(START_SALT).dumps(round(time.time() - age, 3))


def start_age(token: str) -> float | None:
    """Return seconds; None if forged or future."""
    shown_at = _load(START_SALT, token)
    age = None if shown_at is None else time.time() - shown_at
    return None if age is None or age < -MAX_CLOCK_SKEW else age


def issue_return(form_id: str, url: str) -> str:
    """Sign a redirect URL; empty for the thank-you page."""
    return _serializer(f"{RETURN_SALT} {form_id}").dumps([round(time.time()), url])


def return_url(token: str, form_id: str) -> str | None:
    """Return None if forged, expired or another form's."""
    payload = _load(f"{RETURN_SALT} {form_id}", token)
    return payload[1] if payload and time.time() - payload[0] < MAX_RETURN_AGE else None


def visitor_site(form_id: str) -> str | None:
    """Return another site's page with the form; None for ours."""
    url = return_url(request.args.get(SITE_PARAMETER, ""), form_id)
    if url or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return url
    for url in (request.headers.get("Referer", ""), request.headers.get("Origin", "")):
        if is_web_url(url):
            parts = urlsplit(url)
            is_ours = parts[:2] == urlsplit(settings.public_url)[:2]
            return None if is_ours else parts._replace(path=parts.path or "/", query="", fragment="").geturl()
    return None


def _serializer(salt: str) -> URLSafeSerializer:
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(settings.secret_key, salt, signer_kwargs=signing)


def _load(salt: str, token: str) -> Any:
    if not token.isascii():
        return None
    try:
        return _serializer(salt).loads(token)
    except BadData:
        return None
