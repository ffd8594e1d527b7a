"""Endpoints of password recovery."""

from typing import Any

from forms_service.accounts.recovery import schemas, service
from forms_service.accounts.signup.schemas import Address
from forms_service.rate_limiting.keys import email_limit_key
from forms_service.rate_limiting.limits import rate_limit, reset_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import public

recovery = Blueprint("recovery", __name__, description="Password reset.")


@recovery.route("/api/password/forgot", methods=["POST"])
@recovery.doc(operationId="forgotPassword")
@public
@rate_limit("forgot")
@recovery.web_form("accounts/forgot.html", done="accounts.forgotten")
@recovery.arguments(Address, location="json_or_form")
@recovery.answers(202, message="If there is an account with this address, a mail has been sent to it.")
def forgot(body: dict[str, Any]) -> None:
    """Request a password reset mail. The response is the same whether or not the address has an account."""
    service.request_reset(**body)


@recovery.route("/api/password/reset", methods=["POST"])
@recovery.doc(operationId="resetPassword")
@public
@recovery.web_form("accounts/reset.html", done="accounts.was_reset")
@recovery.arguments(schemas.Reset, location="json_or_form")
@recovery.answers(200, message="Password changed. All sessions have ended and all API keys are revoked: sign in again.")
def reset(body: dict[str, Any]) -> None:
    """Reset the password with the token from the mail, valid once and for 1 hour."""
    email = service.reset(**body)
    reset_limit("login_account", email_limit_key(email))
