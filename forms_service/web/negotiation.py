"""JSON or a page: programs get the one, a person's browser the other, for every status."""

from flask import request

from forms_service.web.bodies import JSON

HTML = "text/html"


def wants_page() -> bool:
    """Whether the answer is for a person: `Accept` names HTML and not JSON before it, or the browser navigates.

    Scripts accept anything or say nothing, as `fetch` and curl do, and get JSON.
    """
    if request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest":
        return False
    return _first_named() == HTML or request.headers.get("Sec-Fetch-Mode") == "navigate"


def asks_for_json() -> bool:
    """Whether the caller names JSON before anything else it could be given."""
    return _first_named() == JSON


def _first_named() -> str | None:
    """Which of the two `Accept` prefers, None for neither."""
    for mimetype, quality in request.accept_mimetypes if "HTTP_ACCEPT" in request.environ else ():
        if quality and (mimetype == JSON or mimetype.endswith("+json")):
            return JSON
        if quality and mimetype == HTML:
            return HTML
    return None
