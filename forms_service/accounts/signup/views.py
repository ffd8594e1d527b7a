"""The signup blueprint: the form that every product has."""

from typing import Any

from forms_service.accounts.devices import known_browser
from forms_service.accounts.service import Person
from forms_service.accounts.sessions.schemas import Tokens
from forms_service.accounts.sessions.service import Tokens as Pair
from forms_service.accounts.signup import schemas, service
from forms_service.web.access import public
from forms_service.web.blueprint import Blueprint
from forms_service.web.limits import rate_limit

signup = Blueprint("signup", __name__, description="Get an account.")


@signup.route("/api/signup", methods=["POST"])
@signup.doc(operationId="signup")
@public
@rate_limit("signup")
@signup.web_form("accounts/signup.html", done="accounts.signed_up")
@signup.arguments(schemas.Signup, location="json_or_form")
@signup.answers(201, schemas.SignedUp, message="Signed up. If the address needs confirming, a mail is on its way.")
def sign_up(person: dict[str, Any]) -> dict[str, str]:
    """Sign up.

    The answer is the same, and takes the same time, whether or not the address has an account already.
    """
    return service.sign_up(Person(**person))


@signup.route("/api/signup/confirm", methods=["POST"])
@signup.doc(operationId="confirmSignup")
@public
@signup.web_form("accounts/confirm.html", done="accounts.confirmed")
@signup.arguments(schemas.Confirmation, location="json_or_form")
@signup.answers(200, Tokens, message="Your address is confirmed, and you are signed in.")
def confirm(body: dict[str, Any]) -> Pair:
    """Confirm the address with the token of the link that was sent there, and sign in. It is good once, for 24 h.

    `password` is the one of that sign-up: the link proves the address, not who chose the password. Another one is
    422 with the code `different`, five times; with `replace` it takes that one's place.
    """
    return service.confirm(**body, device=known_browser())


@signup.route("/api/signup/resend", methods=["POST"])
@signup.doc(operationId="resendConfirmation")
@public
@rate_limit("resend")
@signup.web_form("accounts/resend.html", done="accounts.resent")
@signup.arguments(schemas.Address, location="json_or_form")
@signup.answers(202, message="If an account with this address waits to be confirmed, a mail is on its way.")
def resend(said: dict[str, Any]) -> None:
    """Get the link again. The answer is the same whether or not the address has an account."""
    service.resend(**said)
