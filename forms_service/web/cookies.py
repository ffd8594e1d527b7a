"""Cookies that no script reads. Over TLS, browsers accept and send them for this host only (RFC 6265bis, 4.1.3.2)."""

from flask import after_this_request
from werkzeug.wrappers import Response

from forms_service.config import settings

HOST_PREFIX = "__Host-"
"""Requires TLS and the path "/"."""


def is_tls() -> bool:
    # not request.is_secure: a proxy may not say what the browser uses
    return settings.public_url.startswith("https:")


def cookie_name(name: str) -> str:
    """Return the name that the cookie has on the wire."""
    return f"{HOST_PREFIX}{name}" if is_tls() else name


def add_cookie(response: Response, name: str, value: str, max_age: int | None, path: str = "/") -> None:
    """Add a cookie to a response; `path` narrows it over plain http, where the prefix does not apply."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age,
        path="/" if is_tls() else path,
        secure=is_tls(),
        httponly=True,
        samesite="Lax",
    )


def set_cookie(name: str, value: str, max_age: int | None, path: str = "/") -> None:
    """Set a cookie with this response."""

    @after_this_request
    def add(response: Response) -> Response:
        add_cookie(response, name, value, max_age, path)
        return response
