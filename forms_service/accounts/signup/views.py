"""Endpoints of sign-up."""

from typing import Any

from forms_service.accounts.devices import register_browser
from forms_service.accounts.service import NewAccount
from forms_service.accounts.sessions.schemas import Tokens
from forms_service.accounts.sessions.service import Tokens as Pair
from forms_service.accounts.signup import schemas, service
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import public

signup = Blueprint("signup", __name__, description="Sign-up.")


@signup.route("/api/signup", methods=["POST"])
@signup.doc(operationId="signup")
@public
@rate_limit("signup")
@signup.web_form("accounts/signup.html", done="accounts.signed_up")
@signup.arguments(schemas.Signup, location="json_or_form")
@signup.answers(
    201, schemas.SignedUp, message="Signed up. If the address needs confirmation, a link has been sent to it."
)
def sign_up(body: dict[str, Any]) -> dict[str, str]:
    """Sign up.

    The response and its timing are the same whether or not the address already has an account.
    """
    return service.sign_up(NewAccount(**body))


@signup.route("/api/signup/confirm", methods=["POST"])
@signup.doc(operationId="confirmSignup")
@public
@signup.web_form("accounts/confirm.html", done="accounts.confirmed")
@signup.arguments(schemas.Confirmation, location="json_or_form")
@signup.answers(200, Tokens, message="E-mail address confirmed. You are signed in.")
def confirm(body: dict[str, Any]) -> Pair:
    """Confirm the address with the token from the mail, valid once and for 24 hours, and sign in.

    `password` must be the one chosen at sign-up: the link proves who owns the address, not who chose the password. A
    different one is 422 with the code `different`, up to five times; `replace` sets it as the new password.
    """
    return service.confirm(**body, device=register_browser())


@signup.route("/api/signup/resend", methods=["POST"])
@signup.doc(operationId="resendConfirmation")
@public
@rate_limit("resend")
@signup.web_form("accounts/resend.html", done="accounts.resent")
@signup.arguments(schemas.Address, location="json_or_form")
@signup.answers(202, message="If an account with this address is waiting for confirmation, a mail has been sent to it.")
def resend(body: dict[str, Any]) -> None:
    """Resend the confirmation mail. The response is the same whether or not the address has an account."""
    service.resend(**body)
