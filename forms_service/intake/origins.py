"""Which sites may post to a form, and what their scripts may read of the answer."""

import re

from flask import Flask, Response, g, request

from forms_service.config import settings
from forms_service.errors import AuthorizationError
from forms_service.forms.cache import PublishedForm
from forms_service.intake.redirects import origin_of
from forms_service.validation.urls import matches_origin
from forms_service.web.cors import EXPOSED_HEADERS, PREFLIGHT_SECONDS
from forms_service.web.security_headers import FORM_PATH

ALLOWED_HEADERS = (
    "Accept, Content-Type, Formspree-Client, Formspree-Session-Data, Idempotency-Key, X-Request-ID, X-Requested-With"
)
"""What the clients of other backends send with a submission."""

HEADER_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*+")
"""A list of field names (RFC 9110, 5.6.1 and 5.6.2)."""

MAX_HEADER_NAMES = 4096
"""Characters of such a list."""

BLOCKED = "BLOCKED"
ALLOWED_METHODS = "GET, HEAD, POST, OPTIONS"


def init_app(app: Flask) -> None:
    """Add the headers to every answer of a form's address, to those that no view made too."""
    app.after_request(add_headers)


def check_origin(form: PublishedForm) -> None:
    """Refuse a page of another site; a program names none, and is let in.

    :raises AuthorizationError: where the form lists its sites, and this is none of them
    """
    if not may_read(form):
        raise AuthorizationError("This form does not accept submissions from this site.", details={"reason": BLOCKED})


def refusal() -> str:
    """The reason that a refused origin is counted as."""
    return "origin_null" if request.headers.get("Origin") == "null" else "origin"


def posting_site() -> str | None:
    """The origin that the form was posted from, as far as the browser says."""
    origin = request.headers.get("Origin")
    return origin_of(origin if origin is not None else request.headers.get("Referer"))


def from_our_page() -> bool:
    """Whether the hosted page sent it: its browser says so, since the Host header is not to be trusted for it."""
    site = posting_site()
    same = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return same or (site is not None and site == origin_of(settings.public_url))


def add_headers(response: Response) -> Response:
    """Let the form's sites read the answer, errors too; one that came before the form was known says nothing of it."""
    if not request.path.startswith(FORM_PATH):
        return response
    form: PublishedForm | None = g.get("form")
    origin = request.headers.get("Origin")
    if form and form.settings.allowed_origins:
        response.vary.add("Origin")
        if origin is None or not may_read(form):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
    else:
        response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", ALLOWED_METHODS)
        response.headers["Access-Control-Allow-Headers"] = _allowed_headers()
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    else:
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response


def _allowed_headers() -> str:
    """The usual ones and whatever the script asks for: with no credentials allowed, a header can do no harm."""
    wanted = request.headers.get("Access-Control-Request-Headers", "").strip()
    if not wanted or len(wanted) > MAX_HEADER_NAMES or not HEADER_NAMES.fullmatch(wanted):
        return ALLOWED_HEADERS
    return f"{ALLOWED_HEADERS}, {wanted}"


def may_read(form: PublishedForm) -> bool:
    """Whether the page that asks is one of the form's sites, of any where it lists none, or our own."""
    allowed = form.settings.allowed_origins
    origin = request.headers.get("Origin")
    return not allowed or origin is None or matches_origin(origin, allowed) or from_our_page()
