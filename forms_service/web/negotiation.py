"""JSON or a page: programs get the one, a person's browser the other, for every status."""

from functools import lru_cache

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from forms_service.web.bodies import JSON

HTML = "text/html"

MAX_REMEMBERED = 256
"""Characters of an `Accept` that is remembered with what it prefers: browsers send few, and shorter ones."""


def wants_page() -> bool:
    """Whether the answer is for a person: `Accept` names HTML and not JSON before it, or the browser navigates.

    Scripts accept anything or say nothing, as `fetch` and curl do, and get JSON.
    """
    if request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest":
        return False
    return _preferred() == HTML or request.headers.get("Sec-Fetch-Mode") == "navigate"


def asks_for_json() -> bool:
    """Whether the caller names JSON before anything else it could be given."""
    return _preferred() == JSON


def _preferred() -> str | None:
    accept: str = request.environ.get("HTTP_ACCEPT", "")
    return _remembered(accept) if len(accept) <= MAX_REMEMBERED else _first_named(accept)


def _first_named(accept: str) -> str | None:
    """Which of the two an `Accept` header prefers, None for neither."""
    for named, quality in parse_accept_header(accept, MIMEAccept):
        mimetype = named.partition(";")[0].lower()
        if quality and (mimetype == JSON or mimetype.endswith("+json")):
            return JSON
        if quality and mimetype == HTML:
            return HTML
    return None


_remembered = lru_cache(256)(_first_named)
