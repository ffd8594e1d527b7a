"""The session cookie. Before a sign-in it holds a random value that no session has, for the CSRF token."""

import re

from flask import after_this_request, g, request
from werkzeug.wrappers import Response

from forms_service.config import settings
from forms_service.security import generate_secure_token

NAME = "forms_session"
HOST_NAME = f"__Host-{NAME}"
"""Browsers accept it from this host only, over TLS (RFC 6265bis, 4.1.3.2)."""

VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
DAY = 86_400


def read() -> str | None:
    """Return the cookie's value if it is of the right shape."""
    value = request.cookies.get(_name(), "")
    return value if VALUE.fullmatch(value) else None


def read_or_begin() -> str:
    """Return the cookie's value; without one, set a new one with this response."""
    value = read() or g.get("console_cookie")
    if value is None:
        value = g.console_cookie = generate_secure_token()
        _set(value, None)  # until the browser closes
    return value


def keep(token: str) -> None:
    """Set the cookie of a session; the server ends it earlier unless it is used."""
    _set(token, settings.session_max_days * DAY)


def drop() -> None:
    """Delete the cookie with this response."""
    _set("", 0)


def set_with_response(name: str, value: str, max_age: int | None, path: str) -> None:
    """Set a cookie that no script reads, with this response."""

    @after_this_request
    def add_cookie(response: Response) -> Response:
        response.set_cookie(name, value, max_age, path=path, secure=_is_tls(), httponly=True, samesite="Lax")
        return response


def console_path() -> str:
    """Return the path that the console's pages share."""
    return f"{settings.public_path}/console"


def _set(value: str, max_age: int | None) -> None:
    # the prefix requires "/"
    set_with_response(_name(), value, max_age, "/" if _is_tls() else console_path())


def _name() -> str:
    return HOST_NAME if _is_tls() else NAME


def _is_tls() -> bool:
    # not request.is_secure: a proxy may not say what the browser uses
    return settings.public_url.startswith("https:")
