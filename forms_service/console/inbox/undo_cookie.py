"""Carries what can be undone to the next page, which offers it; a URL would be too short for a hundred ids."""

from flask import request

from forms_service.accounts.guards import Caller
from forms_service.console import cookies
from forms_service.inbox import undo
from forms_service.inbox.undo import Act
from forms_service.web.cookies import cookie_name, set_cookie

NAME = "forms_undo"
LIFETIME = 60
"""Seconds until the next page is shown."""

MAX_LENGTH = 3_900
"""Browsers drop larger cookies."""


def offer(act: Act, caller: Caller) -> None:
    """Let the next page offer to undo it."""
    if act.previous:
        token = undo.sign(act, caller)
        if len(token) <= MAX_LENGTH:
            _set(token, LIFETIME)


def take(caller: Caller) -> tuple[str, Act] | None:
    """Return the token to offer on this page, and its act; the page after it offers nothing."""
    token = request.cookies.get(cookie_name(NAME))
    if not token:
        return None
    _set("", 0)
    act = undo.read(token, caller)
    return (token, act) if act else None


def _set(value: str, max_age: int) -> None:
    set_cookie(NAME, value, max_age, cookies.console_path())
