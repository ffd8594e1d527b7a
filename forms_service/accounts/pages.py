"""Account pages: forms for sites without their own, and the targets of links in mails.

GET changes nothing, because mail scanners open links. The page shows a button, and the button acts.
"""

from typing import Any

from flask import Blueprint, Response, request

from forms_service.accounts import email_tokens
from forms_service.web.responses import page
from forms_service.web.route_policy import public, unlimited

accounts = Blueprint("accounts", __name__)

UNLIMITED_PAGE = unlimited("a page that is the same for everybody")
UNLIMITED_LINK = unlimited("a page that looks one token up")

DONE_PAGES = {
    "signed_up": (
        "/signup/thanks",
        "Thank you for signing up",
        "If your address needs confirmation, we have sent you a mail with a link. Check your spam folder as well.",
    ),
    "confirmed": (
        "/signup/confirmed",
        "E-mail address confirmed",
        "You can now use your account with this address and your password.",
    ),
    "resent": (
        "/signup/resent",
        "Check your mail",
        "If an account with this address is waiting for confirmation, we have sent you a mail with a link.",
    ),
    "forgotten": (
        "/forgot/sent",
        "Check your mail",
        "If there is an account with this address, we have sent you a mail with a link.",
    ),
    "was_reset": (
        "/reset/done",
        "Password changed",
        "You are signed out everywhere, and your API keys are revoked. Sign in with the new password.",
    ),
    "address_changed": (
        "/new-address/done",
        "E-mail address changed",
        "You are signed out everywhere, and your API keys are revoked. Sign in with the new address.",
    ),
    "signed_in": ("/login/done", "Signed in", "Your e-mail address and password are correct."),
}
"""Pages a browser is redirected to: endpoint → path, heading, sentence."""

NEXT_LINKS = {
    "signed_up": (("accounts.resend", "No mail received?"),),
    "confirmed": (("docs.show", "What you can do with the account"),),
    "resent": (("accounts.resend", "No mail received?"),),
    "forgotten": (("accounts.forgot", "No mail received?"),),
    "signed_in": (("docs.show", "What you can do with the account"),),
}
"""Links on those pages besides home: endpoint → endpoint and text."""


def _show(template: str, **values: Any) -> Response:
    return page(f"accounts/{template}.html", errors={}, values=values)


def _show_link(template: str, purpose: str) -> Response:
    """Show the form behind a mail link, or the error if the token is invalid."""
    token = request.args.get("token", "")
    if email_tokens.is_valid(purpose, token):
        return _show(template, token=token)
    error = email_tokens.invalid_token_error()
    return page(f"accounts/{template}.html", error=error, errors=error.field_errors, values={})


@accounts.get("/signup")
@public
@UNLIMITED_PAGE
def form() -> Response:
    """Show the sign-up form."""
    return _show("signup")


@accounts.get("/signup/resend")
@public
@UNLIMITED_PAGE
def resend() -> Response:
    """Show the form that requests another confirmation mail."""
    return _show("resend")


@accounts.get("/forgot")
@public
@UNLIMITED_PAGE
def forgot() -> Response:
    """Show the form that requests a reset link."""
    return _show("forgot")


@accounts.get("/signup/confirm")
@public
@UNLIMITED_LINK
def confirm() -> Response:
    """Show the target of a confirmation link."""
    return _show_link("confirm", "confirm")


@accounts.get("/reset")
@public
@UNLIMITED_LINK
def reset() -> Response:
    """Show the target of a reset link."""
    return _show_link("reset", "reset")


@accounts.get("/new-address")
@public
@UNLIMITED_LINK
def new_address() -> Response:
    """Show the target of a link that confirms a new address."""
    return _show_link("new_address", "email")


def _add_done(endpoint: str, path: str, heading: str, sentence: str) -> None:
    links = NEXT_LINKS.get(endpoint, ())

    def show() -> Response:
        return page("accounts/done.html", heading=heading, sentence=sentence, links=links)

    accounts.add_url_rule(path, endpoint, public(UNLIMITED_PAGE(show)))


for endpoint, (path, heading, sentence) in DONE_PAGES.items():
    _add_done(endpoint, path, heading, sentence)
