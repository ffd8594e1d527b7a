"""Pages behind the links in mails to recipients.

GET and HEAD change nothing, because mail scanners open links; POST needs neither session nor body (RFC 8058).
"""

from flask import Blueprint, Response, request

from forms_service.languages.sentences import N_
from forms_service.notifications.recipients import subscriptions
from forms_service.notifications.recipients.links import CONFIRM, UNSUBSCRIBE
from forms_service.notifications.recipients.subscriptions import Subscription
from forms_service.web.responses import page, success, wants_page
from forms_service.web.route_policy import public, unlimited

subscription_pages = Blueprint("subscriptions", __name__)

UNLIMITED = unlimited(
    "mail providers post in bursts, a token is verified without a query, and changes are limited per address"
)


@subscription_pages.get("/recipients/confirm")
@public
@UNLIMITED
def confirmation() -> Response:
    """Ask for the confirmation of an address."""
    return _page(CONFIRM, subscriptions.look_up(CONFIRM, _token()))


@subscription_pages.post("/recipients/confirm")
@public
@UNLIMITED
def confirm() -> Response:
    """Confirm an address."""
    return _answer(CONFIRM, subscriptions.confirm(_token()), "Confirmed.")


@subscription_pages.get("/recipients/unsubscribe")
@public
@UNLIMITED
def unsubscription() -> Response:
    """Ask whether to unsubscribe."""
    return _page(UNSUBSCRIBE, subscriptions.look_up(UNSUBSCRIBE, _token()))


@subscription_pages.post("/recipients/unsubscribe")
@public
@UNLIMITED
def unsubscribe() -> Response:
    """Unsubscribe: the button of the page, and a mail program's one click."""
    return _answer(UNSUBSCRIBE, subscriptions.unsubscribe(_token()), "Unsubscribed.")


@subscription_pages.post("/recipients/subscribe")
@public
@UNLIMITED
def subscribe_again() -> Response:
    """Take an unsubscription back."""
    return _answer(UNSUBSCRIBE, subscriptions.subscribe_again(_token()), "Subscribed again.")


@subscription_pages.post("/recipients/block")
@public
@UNLIMITED
def block() -> Response:
    """Stop the mails of all forms."""
    return _answer(UNSUBSCRIBE, subscriptions.block(_token()), "Unsubscribed from all forms.")


def _token() -> str:
    return request.args.get("token", "")


def _answer(purpose: str, subscription: Subscription, message: str) -> Response:
    return _page(purpose, subscription) if wants_page() else success(message=message)


def _page(purpose: str, subscription: Subscription) -> Response:
    return page(
        "recipients/subscription.html",
        heading=_heading(purpose, subscription),
        purpose=purpose,
        subscription=subscription,
        token=_token(),
    )


def _heading(purpose: str, subscription: Subscription) -> str:
    if subscription.status == "unsubscribed":
        return N_("You are unsubscribed")
    if purpose == UNSUBSCRIBE:
        return N_("You are subscribed again") if subscription.has_changed else N_("Unsubscribe")
    if subscription.status == "pending":
        return N_("Confirm your address")
    return N_("Confirmed") if subscription.has_changed else N_("Confirmed already")
