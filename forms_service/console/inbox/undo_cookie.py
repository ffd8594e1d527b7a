"""Carries what can be undone to the next page, which offers it; a URL would be too short for a hundred ids."""

from flask import after_this_request, request
from werkzeug.wrappers import Response

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.inbox import undo
from forms_service.inbox.undo import Act

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
    token = request.cookies.get(NAME)
    if not token:
        return None
    _set("", 0)
    act = undo.read(token, caller)
    return (token, act) if act else None


def _set(value: str, max_age: int) -> None:
    @after_this_request
    def add_cookie(response: Response) -> Response:
        is_tls = settings.public_url.startswith("https:")
        path = f"{settings.public_path}/console"
        response.set_cookie(NAME, value, max_age, path=path, secure=is_tls, httponly=True, samesite="Lax")
        return response
