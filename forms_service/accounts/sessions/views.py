"""The sessions blueprint."""

import uuid
from typing import Any

from forms_service.accounts.devices import asking_device, is_known, known_browser, tries_key
from forms_service.accounts.guards import caller, signed_in
from forms_service.accounts.sessions import schemas, service
from forms_service.web.access import public
from forms_service.web.blueprint import Blueprint
from forms_service.web.limits import charge, forgive, rate_limit, refund
from forms_service.web.pagination import Page, Paging

sessions = Blueprint("sessions", __name__, description="Sign in, go on, sign out.")


@sessions.route("/api/login", methods=["POST"])
@sessions.doc(operationId="login")
@public
@rate_limit("login")
@sessions.web_form("accounts/login.html", done="accounts.signed_in")
@sessions.arguments(schemas.Login, location="json_or_form")
@sessions.answers(200, schemas.Tokens, message="Signed in.")
def login(said: dict[str, Any]) -> service.Tokens:
    """Sign in.

    401 for every wrong pair and for an address that is not confirmed yet, with one message, in the same time whether
    or not the address has an account. Wrong passwords for an address are counted, apart from those that come from a
    browser or network that the account was signed in from before. 403 with `details.reason` `AccountDisabled` only
    with the right password.
    """
    key = tries_key(said["email"], asking_device())
    charge("login_account", key)
    tokens = service.sign_in(**said, device=known_browser())
    (forgive if is_known(key) else refund)("login_account", key)
    return tokens


@sessions.route("/api/token/refresh", methods=["POST"])
@sessions.doc(operationId="refreshToken")
@public
@sessions.arguments(schemas.Refresh, location="json_or_form")
@sessions.answers(200, schemas.Tokens, message="Here is a new pair.")
def refresh(said: dict[str, Any]) -> service.Tokens:
    """Get a new pair of tokens.

    The old refresh token gets the same new one for 10 s more; used later than that it ends the session, which is over
    anyway when nobody has refreshed it for 30 days, and SESSION_MAX_DAYS after it began.
    """
    return service.refresh(**said)


@sessions.route("/api/logout", methods=["POST"])
@sessions.doc(operationId="logout")
@signed_in
@sessions.answers(200, message="Signed out.")
def logout() -> None:
    """End this session."""
    service.sign_out(caller())


@sessions.route("/api/me/sessions")
@sessions.doc(operationId="listSessions")
@signed_in
@sessions.arguments(Paging, location="query")
@sessions.lists(schemas.SessionOf, message="Where you are signed in.")
def list_sessions(paging: dict[str, Any]) -> Page[dict[str, Any]]:
    """See where you are signed in."""
    return service.sessions_of(caller(), **paging)


@sessions.route("/api/me/sessions", methods=["DELETE"])
@sessions.doc(operationId="endSessions")
@signed_in
@sessions.answers(200, message="You are signed out everywhere.")
def end_sessions() -> None:
    """Sign out everywhere, here too. API keys go on; delete them at `/api/me/keys`."""
    service.sign_out_everywhere(caller())


@sessions.route("/api/me/sessions/<uuid:session_id>", methods=["DELETE"])
@sessions.doc(operationId="endSession")
@signed_in
@sessions.answers(200, message="That session has ended.")
def end_session(session_id: uuid.UUID) -> None:
    """Sign out somewhere else."""
    service.end(session_id, caller())
