"""JSON or a page: programs get the one, a person's browser the other, for every status."""

from flask import request

from forms_service.web.bodies import JSON

HTML = ("text/html", "application/xhtml+xml")


def posted_by_browser() -> bool:
    """Whether a public POST came from a plain HTML form, whose sender wants to see a page."""
    if request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest":
        return False
    first = _first_named()
    if first == "json":
        return False
    return not (request.mimetype == JSON and first != "html")


def asks_for_page() -> bool:
    """Whether the caller names HTML before JSON, as a browser's address bar does."""
    return _first_named() == "html"


def asks_for_json() -> bool:
    """Whether the caller names JSON before anything else it could be given."""
    return _first_named() == "json"


def _first_named() -> str | None:
    """Which of the two `Accept` names first, None for neither."""
    if "HTTP_ACCEPT" not in request.environ:
        return None
    for mimetype, quality in request.accept_mimetypes:
        if quality and (mimetype == JSON or mimetype.endswith("+json")):
            return "json"
        if quality and mimetype in HTML:
            return "html"
    return None
