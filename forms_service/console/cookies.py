"""The session cookie. Before a sign-in it holds a random value that no session has, for the CSRF token."""

import re

from flask import g, request

from forms_service.config import settings
from forms_service.security import generate_secure_token
from forms_service.web.cookies import cookie_name, set_cookie

NAME = "forms_session"
VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
DAY = 86_400


def read() -> str | None:
    """Return the cookie's value if it is of the right shape."""
    value = request.cookies.get(cookie_name(NAME), "")
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


def console_path() -> str:
    """Return the path that the console's pages share."""
    return f"{settings.public_path}/console"


def _set(value: str, max_age: int | None) -> None:
    set_cookie(NAME, value, max_age, console_path())
