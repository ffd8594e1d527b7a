"""Account forms, for sites without their own, and mail link targets.

GET changes nothing: mail scanners open links.
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
"""Redirect targets: endpoint → path, heading, sentence."""

NEXT_LINKS = {
    "signed_up": (("accounts.resend", "No mail received?"),),
    "confirmed": (("docs.show", "What you can do with the account"),),
    "resent": (("accounts.resend", "No mail received?"),),
    "forgotten": (("accounts.forgot", "No mail received?"),),
    "signed_in": (("docs.show", "What you can do with the account"),),
}
"""Their links: endpoint → endpoint, text."""


def _show(template: str, **values: Any) -> Response:
    return page(f"accounts/{template}.html", errors={}, values=values)


def _show_link(template: str, purpose: str) -> Response:
    token = request.args.get("token", "")
    if email_tokens.is_valid(purpose, token):
        return _show(template, token=token)
    error = email_tokens.invalid_token_error()
    return page(f"accounts/{template}.html", error=error, errors=error.field_errors, values={})


@accounts.get("/signup")
@public
@UNLIMITED_PAGE
def form() -> Response:
    return _show("signup")


@accounts.get("/signup/resend")
@public
@UNLIMITED_PAGE
def resend() -> Response:
    return _show("resend")


@accounts.get("/forgot")
@public
@UNLIMITED_PAGE
def forgot() -> Response:
    return _show("forgot")


@accounts.get("/signup/confirm")
@public
@UNLIMITED_LINK
def confirm() -> Response:
    return _show_link("confirm", "confirm")


@accounts.get("/reset")
@public
@UNLIMITED_LINK
def reset() -> Response:
    return _show_link("reset", "reset")


@accounts.get("/new-address")
@public
@UNLIMITED_LINK
def new_address() -> Response:
    return _show_link("new_address", "email")


def _add_done(endpoint: str, path: str, heading: str, sentence: str) -> None:
    links = NEXT_LINKS.get(endpoint, ())

    def show() -> Response:
        return page("accounts/done.html", heading=heading, sentence=sentence, links=links)

    accounts.add_url_rule(path, endpoint, public(UNLIMITED_PAGE(show)))


for endpoint, (path, heading, sentence) in DONE_PAGES.items():
    _add_done(endpoint, path, heading, sentence)
