"""Which sites may post to a form, and what their scripts may read of the answer."""

from flask import Response, g, request

from forms_service.config import settings
from forms_service.errors import AuthorizationError
from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking.redirects import origin_of
from forms_service.web.cors import EXPOSED_HEADERS, PREFLIGHT_SECONDS

ALLOWED_HEADERS = (
    "Accept, Content-Type, Formspree-Client, Formspree-Session-Data, Idempotency-Key, X-Request-ID, X-Requested-With"
)
"""What the clients of other backends send with a submission."""

BLOCKED = "BLOCKED"
ALLOWED_METHODS = "GET, HEAD, POST, OPTIONS"


def check_origin(form: PublishedForm) -> None:
    """Refuse a page of another site; a program names none, and is let in.

    :raises AuthorizationError: where the form lists its sites, and this is none of them
    """
    if not _may_read(form):
        raise AuthorizationError("This form does not take submissions from that site.", details={"reason": BLOCKED})


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
    form: PublishedForm | None = g.get("form")
    origin = request.headers.get("Origin")
    if form and form.settings.allowed_origins:
        response.vary.add("Origin")
        if origin is None or not _may_read(form):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
    else:
        response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    else:
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response


def _may_read(form: PublishedForm) -> bool:
    allowed = form.settings.allowed_origins
    origin = request.headers.get("Origin")
    return not allowed or origin is None or origin.lower() in allowed or from_our_page()
