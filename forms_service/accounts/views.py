"""The signup blueprint: the form that every product has."""

from typing import Any

from flask import Blueprint as FlaskBlueprint
from flask import Response

from forms_service.accounts import schemas, service
from forms_service.web.access import public, unlimited
from forms_service.web.answers import page
from forms_service.web.blueprint import Blueprint
from forms_service.web.limits import rate_limit

accounts = FlaskBlueprint("accounts", __name__)
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
    return service.sign_up(service.Person(**person))


@accounts.get("/signup")
@public
@unlimited("a page that is the same for everybody")
def form() -> Response:
    """The sign-up form for a service that has no site of its own."""
    return page("accounts/signup.html", errors={}, values={})


@accounts.get("/signup/thanks")
@public
@unlimited("a page that is the same for everybody")
def signed_up() -> Response:
    """Where a browser is led after signing up."""
    return page("accounts/thanks.html")
