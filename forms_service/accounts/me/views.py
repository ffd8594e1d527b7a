"""Endpoints of one's own account."""

from typing import Any

from forms_service.accounts.guards import caller, require_session
from forms_service.accounts.me import data_rights, schemas, service
from forms_service.accounts.models import Account
from forms_service.accounts.signup.schemas import MailToken
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery
from forms_service.web.route_policy import public

me = Blueprint("me", __name__, description="Your own account.")


@me.route("/api/me")
@me.doc(operationId="getMe")
@require_session
@me.answers(200, schemas.Me, message="Your account.")
def show() -> Account:
    """Get the account."""
    return service.get_account(caller())


@me.route("/api/me", methods=["PATCH"])
@me.doc(operationId="changeMe")
@require_session
@me.arguments(schemas.Profile, location="json")
@me.answers(200, schemas.Me, message="Account updated.")
def change(body: dict[str, Any]) -> Account:
    """Change name, phone number, time zone or shortcuts. Omitted fields stay as they are."""
    return service.change_profile(caller(), body)


@me.route("/api/me", methods=["DELETE"])
@me.doc(operationId="eraseMe")
@require_session
@rate_limit("password")
@me.arguments(schemas.CurrentPasswordOnly, location="json")
@me.answers(200, message="Your account and everything in it have been erased.")
@me.may_take_time("Your account has been erased. Its submissions are hidden and will be erased within minutes.")
def erase(body: dict[str, Any]) -> bool:
    """Erase the account, its forms and their submissions. This cannot be undone."""
    return data_rights.erase(caller(), **body)


@me.route("/api/me/password", methods=["POST"])
@me.doc(operationId="changePassword")
@require_session
@rate_limit("password")
@me.arguments(schemas.NewPassword, location="json")
@me.answers(200, message="Password changed. All other sessions have ended.")
def change_password(body: dict[str, Any]) -> None:
    """Change the password. All other sessions end."""
    service.change_password(caller(), **body)


@me.route("/api/me/email", methods=["POST"])
@me.doc(operationId="changeEmail")
@require_session
@rate_limit("password")
@me.arguments(schemas.NewEmail, location="json")
@me.answers(202, message="A link has been sent to the new address. The address changes when it is used.")
def change_email(body: dict[str, Any]) -> None:
    """Change the e-mail address. The response is the same whether or not another account has it."""
    service.change_email(caller(), **body)


@me.route("/api/me/email/confirm", methods=["POST"])
@me.doc(operationId="confirmEmail")
@public
@me.web_form("accounts/new_address.html", done="accounts.address_changed")
@me.arguments(MailToken, location="json_or_form")
@me.answers(200, message="E-mail address changed. All sessions have ended and all API keys are revoked: sign in again.")
def confirm_email(body: dict[str, Any]) -> None:
    """Confirm the new address with the token from the mail, valid once and for 1 hour."""
    service.confirm_email(**body)


@me.route("/api/me/export")
@me.doc(operationId="exportMe")
@require_session
@me.answers(200, schemas.Document, message="Everything stored about your account.")
def export() -> dict[str, Any]:
    """Export everything stored about the account."""
    return data_rights.export(caller())


@me.route("/api/me/events")
@me.doc(operationId="listEvents")
@require_session
@me.arguments(PageQuery, location="query")
@me.lists(schemas.EventOf, message="The audit trail, newest first.")
def events(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List the account's audit trail."""
    return data_rights.list_events(caller(), **query)
