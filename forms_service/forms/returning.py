"""Where a form that is shown again leads at last, in a hidden field of the page that nobody can make up.

A visitor who corrects something sends it from our page: of the site that they came from, only this is left.
"""

import time
from urllib.parse import urlsplit

from flask import request

from forms_service.config import settings
from forms_service.security.signatures import create_hmac_signature, derived_key, verify_hmac_signature
from forms_service.validation.urls import is_web_url

PURPOSE = "forms_service way back"
SITE = "_site"
"""The parameter of an address that holds a token about the visitor's site."""

GOOD_FOR = 86_400
"""Seconds in which a form is corrected."""


def issue(form_id: str, url: str) -> str:
    """A token that says where that form leads: to an address it may lead to, or with none to its thank-you page."""
    said = f"{time.time():.0f} {url}"
    return f"{create_hmac_signature(f'{form_id} {said}', _key())} {said}"


def url_in(token: str, form_id: str) -> str | None:
    """The address; None for a token that is not ours, is another form's, or is too old."""
    signature, _, said = token.partition(" ")
    if not verify_hmac_signature(f"{form_id} {said}", signature, _key()):
        return None
    moment, _, url = said.partition(" ")
    return url if time.time() - float(moment) < GOOD_FOR else None


def visitor_site(form_id: str) -> str | None:
    """The page of another site that the visitor fills the form in on, without its query; None for our own page.

    Once something was corrected on our page, a token in the address tells of it.
    """
    kept = url_in(request.args.get(SITE, ""), form_id)
    if kept or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return kept
    for url in (request.headers.get("Referer", ""), request.headers.get("Origin", "")):
        if is_web_url(url):
            parts = urlsplit(url)
            ours = parts[:2] == urlsplit(settings.public_url)[:2]
            return None if ours else parts._replace(path=parts.path or "/", query="", fragment="").geturl()
    return None


def _key() -> str:
    """A key for this alone, so that a token of another kind is none of this one."""
    return derived_key(settings.secret_key, PURPOSE).hex()
