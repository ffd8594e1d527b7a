"""The me blueprint."""

from typing import Any

from forms_service.accounts.guards import caller, signed_in
from forms_service.accounts.me import leaving, schemas, service
from forms_service.accounts.models import Account
from forms_service.accounts.signup.schemas import MailToken
from forms_service.web.access import public
from forms_service.web.blueprint import Blueprint
from forms_service.web.limits import rate_limit
from forms_service.web.pagination import Page, Paging

me = Blueprint("me", __name__, description="One's own account.")


@me.route("/api/me")
@me.doc(operationId="getMe")
@signed_in
@me.answers(200, schemas.Me, message="Your account.")
def show() -> Account:
    """Read the account."""
    return service.account_of(caller())


@me.route("/api/me", methods=["PATCH"])
@me.doc(operationId="changeMe")
@signed_in
@me.arguments(schemas.Profile, location="json")
@me.answers(200, schemas.Me, message="Changed.")
def change(changes: dict[str, Any]) -> Account:
    """Change name or phone; what is left out stays as it is."""
    return service.change(caller(), changes)


@me.route("/api/me", methods=["DELETE"])
@me.doc(operationId="eraseMe")
@signed_in
@rate_limit("password")
@me.arguments(schemas.CurrentPasswordOnly, location="json")
@me.answers(200, message="Your account and everything on it is erased.")
@me.may_take_time("Your account is erased. What was sent to its forms is out of sight, and is erased within minutes.")
def erase(said: dict[str, Any]) -> bool:
    """Erase the account, its forms and what was submitted to them. There is no way back."""
    return leaving.erase(caller(), **said)


@me.route("/api/me/password", methods=["POST"])
@me.doc(operationId="changePassword")
@signed_in
@rate_limit("password")
@me.arguments(schemas.NewPassword, location="json")
@me.answers(200, message="Your password is changed. Every other session has ended.")
def change_password(said: dict[str, Any]) -> None:
    """Change the password; ends every session but this one."""
    service.change_password(caller(), **said)


@me.route("/api/me/email", methods=["POST"])
@me.doc(operationId="changeEmail")
@signed_in
@rate_limit("password")
@me.arguments(schemas.NewEmail, location="json")
@me.answers(202, message="A mail with a link is on its way to the new address; it changes when the link is used.")
def change_email(said: dict[str, Any]) -> None:
    """Change the e-mail address. The answer is the same whether or not another account has it."""
    service.change_email(caller(), **said)


@me.route("/api/me/email/confirm", methods=["POST"])
@me.doc(operationId="confirmEmail")
@public
@me.web_form("accounts/new_address.html", done="accounts.address_changed")
@me.arguments(MailToken, location="json_or_form")
@me.answers(200, message="Your address is changed. Every session and API key has ended: sign in again.")
def confirm_email(said: dict[str, Any]) -> None:
    """Confirm the new address, with the token of the link that was sent there. It is good once, for 1 h."""
    service.confirm_email(**said)


@me.route("/api/me/export")
@me.doc(operationId="exportMe")
@signed_in
@me.answers(200, schemas.Document, message="Everything that is held on your account.")
def export() -> dict[str, Any]:
    """Get everything that is held on the account."""
    return leaving.export(caller())


@me.route("/api/me/events")
@me.doc(operationId="listEvents")
@signed_in
@me.arguments(Paging, location="query")
@me.lists(schemas.EventOf, message="What happened, the newest first.")
def events(paging: dict[str, Any]) -> Page[dict[str, Any]]:
    """See what happened to the account."""
    return leaving.events_of(caller(), **paging)
