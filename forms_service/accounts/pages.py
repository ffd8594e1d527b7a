"""The pages of the room: forms for a service that has no site of its own, and what the links in mails open.

A link is opened by a GET, which shows a button and changes nothing, since mail scanners open links; the button acts.
"""

from typing import Any

from flask import Blueprint, Response, request

from forms_service.web.access import public, unlimited
from forms_service.web.answers import page

accounts = Blueprint("accounts", __name__)

SAME = unlimited("a page that is the same for everybody")

DONE = {
    "signed_up": (
        "/signup/thanks",
        "Thank you for signing up",
        "If your address needs confirming, a mail with a link is on its way to you. Look into the spam folder as well.",
    ),
    "confirmed": ("/signup/confirmed", "Your address is confirmed", "You can sign in now."),
    "resent": (
        "/signup/resent",
        "Look into your mail",
        "If an account with this address waits to be confirmed, a mail with a link is on its way to you.",
    ),
    "forgotten": (
        "/forgot/sent",
        "Look into your mail",
        "If there is an account with this address, a mail with a link is on its way to you.",
    ),
    "was_reset": (
        "/reset/done",
        "Your password is changed",
        "You are signed out everywhere. Sign in with the new password.",
    ),
    "address_changed": (
        "/new-address/done",
        "Your address is changed",
        "You are signed out everywhere. Sign in with the new address.",
    ),
    "signed_in": ("/login/done", "That is right", "Your e-mail address and password are right."),
}
"""What a browser is led on to: endpoint → path, heading, sentence."""


def _show(template: str, **values: Any) -> Response:
    return page(f"accounts/{template}.html", errors={}, values=values)


@accounts.get("/signup")
@public
@SAME
def form() -> Response:
    """The sign-up form."""
    return _show("signup")


@accounts.get("/signup/resend")
@public
@SAME
def resend() -> Response:
    """Ask for the confirmation mail again."""
    return _show("resend")


@accounts.get("/forgot")
@public
@SAME
def forgot() -> Response:
    """Ask for a link to choose a new password by."""
    return _show("forgot")


@accounts.get("/signup/confirm")
@public
@SAME
def confirm() -> Response:
    """Behind the link that confirms an address."""
    return _show("confirm", token=request.args.get("token", ""))


@accounts.get("/reset")
@public
@SAME
def reset() -> Response:
    """Behind the link to choose a new password by."""
    return _show("reset", token=request.args.get("token", ""))


@accounts.get("/new-address")
@public
@SAME
def new_address() -> Response:
    """Behind the link that confirms a new address."""
    return _show("new_address", token=request.args.get("token", ""))


def _add_done(endpoint: str, path: str, heading: str, sentence: str) -> None:
    def show() -> Response:
        return page("accounts/done.html", heading=heading, sentence=sentence)

    accounts.add_url_rule(path, endpoint, public(SAME(show)))


for endpoint, (path, heading, sentence) in DONE.items():
    _add_done(endpoint, path, heading, sentence)
