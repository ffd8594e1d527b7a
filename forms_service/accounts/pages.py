"""Account forms, for sites without their own, and mail link targets.

GET changes nothing: mail scanners open links.
"""

from typing import Any

from flask import Blueprint, Response, request

from forms_service.accounts import email_tokens
from forms_service.languages.sentences import N_
from forms_service.web.languages import translated
from forms_service.web.responses import page
from forms_service.web.route_policy import public, unlimited

accounts = Blueprint("accounts", __name__)

UNLIMITED_PAGE = unlimited("a page that is the same for everybody")
UNLIMITED_LINK = unlimited("a page that looks one token up")

DONE_PAGES = {
    "signed_up": (
        "/signup/thanks",
        N_("Thank you for signing up"),
        N_("If your address needs confirmation, we have sent you a mail with a link. Check your spam folder as well."),
    ),
    "confirmed": (
        "/signup/confirmed",
        N_("E-mail address confirmed"),
        N_("Your account is ready. Sign in with this address and your password."),
    ),
    "resent": (
        "/signup/resent",
        N_("Check your mail"),
        N_("If an account with this address is waiting for confirmation, we have sent you a mail with a link."),
    ),
    "forgotten": (
        "/forgot/sent",
        N_("Check your mail"),
        N_("If there is an account with this address, we have sent you a mail with a link."),
    ),
    "was_reset": (
        "/reset/done",
        N_("Password changed"),
        N_("You are signed out everywhere, and your API keys are revoked. Sign in with the new password."),
    ),
    "address_changed": (
        "/new-address/done",
        N_("E-mail address changed"),
        N_("You are signed out everywhere, and your API keys are revoked. Sign in with the new address."),
    ),
    "signed_in": ("/login/done", N_("Signed in"), N_("Your e-mail address and password are correct.")),
    "account_erased": (
        "/account/erased",
        N_("Account erased"),
        N_("Your account is gone. What remains of large forms is hidden, and will be erased within minutes."),
    ),
}
"""Redirect targets: endpoint → path, heading, sentence."""

SIGN_IN = ("console.show_sign_in", N_("Sign in"))

BUTTONS = {
    "confirmed": SIGN_IN,
    "was_reset": SIGN_IN,
    "address_changed": SIGN_IN,
    "signed_in": ("console.show_sign_in", N_("Sign in to the console")),
}
"""The next step: endpoint → endpoint, text."""

NEXT_LINKS = {
    "signed_up": (("accounts.resend", N_("No mail received?")), SIGN_IN),
    "resent": (("accounts.resend", N_("No mail received?")), SIGN_IN),
    "forgotten": (("accounts.forgot", N_("No mail received?")), SIGN_IN),
    "signed_in": (("docs.show", N_("What you can do with the account")),),
}
"""Other links: endpoint → endpoint, text."""


def _show(template: str, **values: Any) -> Response:
    return page(f"accounts/{template}.html", errors={}, values=values)


def _show_link(template: str, purpose: str) -> Response:
    token = request.args.get("token", "")
    if email_tokens.is_valid(purpose, token):
        return _show(template, token=token)
    error = email_tokens.invalid_token_error()
    texts = {name: [translated(fault) for fault in faults] for name, faults in error.field_errors.items()}
    return page(f"accounts/{template}.html", error=error, errors=texts, values={})


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
    values: dict[str, Any] = {"heading": heading, "sentence": sentence}
    values |= {"button": BUTTONS.get(endpoint), "links": NEXT_LINKS.get(endpoint, ())}

    def show() -> Response:
        return page("accounts/done.html", **values)

    accounts.add_url_rule(path, endpoint, public(UNLIMITED_PAGE(show)))


for endpoint, (path, heading, sentence) in DONE_PAGES.items():
    _add_done(endpoint, path, heading, sentence)
