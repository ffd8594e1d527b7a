"""Endpoints of sessions."""

import uuid
from typing import Any

from forms_service.accounts.guards import caller, require_session
from forms_service.accounts.sessions import schemas, service
from forms_service.accounts.sessions.attempts import limit_attempts
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery
from forms_service.web.route_policy import public

sessions = Blueprint("sessions", __name__, description="Sign in, refresh tokens, sign out.")


@sessions.route("/api/login", methods=["POST"])
@sessions.doc(operationId="login")
@public
@rate_limit("login")
@sessions.web_form("accounts/login.html", done="accounts.signed_in")
@sessions.arguments(schemas.Login, location="json_or_form")
@sessions.answers(200, schemas.Tokens, message="Signed in.")
def login(body: dict[str, Any]) -> service.Tokens:
    """Sign in.

    Answers 401 with one message, and after the same time, for every wrong pair and for an unconfirmed address. Failed
    attempts are limited per address; browsers and networks that the account signed in from before are counted
    apart. Answers 403 with `details.reason` `AccountDisabled` only if the password is correct.
    """
    return limit_attempts(body["email"], lambda device: service.sign_in(**body, device=device))


@sessions.route("/api/token/refresh", methods=["POST"])
@sessions.doc(operationId="refreshToken")
@public
@sessions.arguments(schemas.Refresh, location="json_or_form")
@sessions.answers(200, schemas.Tokens, message="Tokens refreshed.")
def refresh(body: dict[str, Any]) -> service.Tokens:
    """Refresh the tokens.

    For 10 s the old refresh token still returns the same new one; used later, it ends the session. A session also ends
    30 days after its last refresh, and SESSION_MAX_DAYS after it began.
    """
    return service.refresh(**body)


@sessions.route("/api/logout", methods=["POST"])
@sessions.doc(operationId="logout")
@require_session
@sessions.answers(200, message="Signed out.")
def logout() -> None:
    """Sign out: end this session."""
    service.sign_out(caller())


@sessions.route("/api/me/sessions")
@sessions.doc(operationId="listSessions")
@require_session
@sessions.arguments(PageQuery, location="query")
@sessions.lists(schemas.SessionOf, message="Your sessions.")
def list_sessions(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List your sessions."""
    return service.list_sessions(caller(), **query)


@sessions.route("/api/me/sessions", methods=["DELETE"])
@sessions.doc(operationId="endSessions")
@require_session
@sessions.answers(200, message="Signed out everywhere.")
def end_sessions() -> None:
    """End all sessions, including this one. API keys stay valid; revoke them at `/api/me/keys`."""
    service.sign_out_everywhere(caller())


@sessions.route("/api/me/sessions/<uuid:session_id>", methods=["DELETE"])
@sessions.doc(operationId="endSession")
@require_session
@sessions.answers(200, message="Session ended.")
def end_session(session_id: uuid.UUID) -> None:
    """End a session."""
    service.end_session(session_id, caller())
