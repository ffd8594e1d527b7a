"""Origins of a form: allowed sites, CORS headers, redirect targets."""

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from flask import Response, g, request

from forms_service.config import settings
from forms_service.errors import AuthorizationError
from forms_service.form_schema import special_fields
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.languages.sentences import N_
from forms_service.server.environ import CONSTANT_HEADERS
from forms_service.submissions.parsed_submission import ParsedSubmission, first_of
from forms_service.validation.urls import matches_origin, to_ascii_host
from forms_service.web.cors import EXPOSED_HEADERS, PREFLIGHT_SECONDS
from forms_service.web.responses import append_headers

ALLOWED_HEADERS = (
    "Accept, Content-Type, Formspree-Client, Formspree-Session-Data, Idempotency-Key, X-Request-ID, X-Requested-With"
)
"""Sent by clients of other form services."""

FOR_ANY_SITE = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", EXPOSED_HEADERS))
CONSTANT_HEADERS.update(FOR_ANY_SITE)

HEADER_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*+")
"""RFC 9110, 5.6.1 and 5.6.2."""

MAX_HEADER_NAMES = 4096
"""Characters."""

SCHEMES = {"http": 80, "https": 443}

SAFE = "/:?#[]@!$&'()*+,;=%~"
"""Not percent-encoded in a Location header."""

HOST = re.compile(r"[a-z0-9._~-]+|[0-9a-f:.]+")
"""Browsers could read anything else as another host."""

BLOCKED = "BLOCKED"
ALLOWED_METHODS = "GET, HEAD, POST, OPTIONS"


def check_origin(form: PublishedForm) -> None:
    """Check the Origin; programs send none.

    :raises AuthorizationError: for other sites
    """
    if not is_allowed(form):
        raise AuthorizationError(
            N_("This form does not accept submissions from this site."), details={"reason": BLOCKED}
        )


def refusal_reason() -> str:
    return "origin_null" if request.headers.get("Origin") == "null" else "origin"


def posting_site() -> str | None:
    origin = request.headers.get("Origin")
    return origin_of(origin if origin is not None else request.headers.get("Referer"))


def from_our_page() -> bool:
    """Whether the hosted page sent it; Host is not trustworthy."""
    site = posting_site()
    same = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return same or (site is not None and site == origin_of(settings.public_url))


def add_cors_headers(response: Response) -> None:
    """Add headers, on errors too; without a form any site may read them."""
    form: PublishedForm | None = g.get("form")
    if not (form and form.settings.allowed_origins) and request.method != "OPTIONS":
        append_headers(response, FOR_ANY_SITE)
        return
    origin = request.headers.get("Origin")
    if form and form.settings.allowed_origins:
        response.vary.add("Origin")
        if origin is not None and is_allowed(form):
            response.headers["Access-Control-Allow-Origin"] = origin
        elif g.get("shows_refusal"):  # so that scripts can tell a refused site from a broken connection
            response.headers["Access-Control-Allow-Origin"] = "*"
        else:
            return
    else:
        response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", ALLOWED_METHODS)
        response.headers["Access-Control-Allow-Headers"] = _allowed_headers()
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    else:
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS


def _allowed_headers() -> str:
    requested = request.headers.get("Access-Control-Request-Headers", "").strip()
    if not requested or len(requested) > MAX_HEADER_NAMES or not HEADER_NAMES.fullmatch(requested):
        return ALLOWED_HEADERS
    # without credentials, any requested header is harmless
    return f"{ALLOWED_HEADERS}, {requested}"


def is_allowed(form: PublishedForm) -> bool:
    """Whether the page is ours or one of the form's sites, if it lists any."""
    allowed = form.settings.allowed_origins
    origin = request.headers.get("Origin")
    return not allowed or origin is None or matches_origin(origin, allowed) or from_our_page()


def resolve_redirect(requested: str | None, *, site: str | None, allowed_urls: Collection[str]) -> str | None:
    """Return the absolute URL, None if not allowed; paths are relative to `site`."""
    if site and requested and requested.startswith("/") and not requested.startswith("//"):
        requested = site + requested
    url = _as_location(requested)
    if not requested or url is None:
        return None
    return (
        url
        if origin_of(requested) == site or requested in allowed_urls or url in map(_as_location, allowed_urls)
        else None
    )


def origin_of(url: str | None) -> str | None:
    """Return it as browsers write it; None if ambiguous."""
    if not url or not _is_unambiguous(url):
        return None
    try:
        parts = urlsplit(url)
        port, name = parts.port, to_ascii_host(url)
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or "@" in parts.netloc or not HOST.fullmatch(name):
        return None
    if not parts.netloc.isascii() and not _keeps_scripts(parts.hostname or "", name):
        return None
    host = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != SCHEMES[parts.scheme] else "")


def _as_location(url: str | None) -> str | None:
    origin = origin_of(url)
    if not url or origin is None:
        return None
    parts = urlsplit(url)
    return quote(
        url if parts.netloc.isascii() else parts._replace(netloc=origin.partition("://")[2]).geturl(), safe=SAFE
    )


def _keeps_scripts(host: str, name: str) -> bool:
    """False for look-alikes of ASCII letters, which do not become `xn--…`."""
    labels, names = host.split("."), name.split(".")
    same = len(labels) == len(names)
    return same and all(b.startswith("xn--") for a, b in zip(labels, names, strict=True) if not a.isascii())


def _is_unambiguous(url: str) -> bool:
    # browsers read a backslash as a slash, and drop tabs and line breaks
    return url.isprintable() and "\\" not in url


def find_redirect(form: PublishedForm, parsed: ParsedSubmission) -> str | None:
    """Return the allowed redirect; None for the thank-you page."""
    return_url = page_tokens.return_url(parsed.back, form.id) if parsed.back and from_our_page() else None
    if return_url is not None:
        return return_url or None
    url = first_of(parsed.control, special_fields.REDIRECT)
    return resolve_redirect(url, site=posting_site(), allowed_urls=form.settings.redirect_urls) if url else None
