"""Links in mails to people who submitted: GET shows a page, only POST acts, as scanners open links."""

from typing import Any

from flask import Response, g, request

from forms_service.forms.cache import get_published_form
from forms_service.rate_limiting.limits import rate_limit
from forms_service.replies import pages, schemas, service
from forms_service.web.api_blueprint import PAGE, Blueprint
from forms_service.web.client import client_for_log
from forms_service.web.route_policy import public

links = Blueprint("links", __name__, description="Links in mails to the people who submitted a form.")

SHOWN = {"200": {"description": "The HTML page.", "content": {"text/html": {"schema": PAGE}}}}


@links.route("/f/<form_id>/confirm")
@links.doc(operationId="showConfirmation", responses=SHOWN)
@public
@rate_limit("page")
def show_confirmation(form_id: str) -> Response:
    """Show the page behind the link of a double opt-in. This changes nothing."""
    form, token = get_published_form(form_id), request.args.get("token", "")
    return pages.render_confirmation(form, service.find_state(form, token), token)


@links.route("/f/<form_id>/confirm", methods=["POST"])
@links.doc(operationId="confirmSubmission", responses=SHOWN)
@public
@rate_limit("page")
@links.arguments(schemas.Link, location="json_or_form")
def confirm(body: dict[str, Any], form_id: str) -> Response:
    """Confirm a submission with the token from the mail, valid for 7 days; mails and webhooks are sent then."""
    form = g.form = get_published_form(form_id)
    state, done = service.confirm(form, body["token"], client_for_log(form.settings.store_ip))
    return pages.render_confirmation(form, state, body["token"], done=done)


@links.route("/f/<form_id>/resend", methods=["POST"])
@links.doc(operationId="resendConfirmationRequest", responses=SHOWN)
@public
@rate_limit("page")
@links.arguments(schemas.Again, location="json_or_form")
def resend(body: dict[str, Any], form_id: str) -> Response:
    """Send the mail of a double opt-in again, at most twice. The answer is the same if it is not sent."""
    form = g.form = get_published_form(form_id)
    service.resend(form, body["submission"])
    return pages.render_resent(form)


@links.route("/f/<form_id>/withdraw")
@links.doc(operationId="showWithdrawal", responses=SHOWN)
@public
@rate_limit("page")
def show_withdrawal(form_id: str) -> Response:
    """Show the page behind the link that withdraws a submission. This changes nothing."""
    form, token = get_published_form(form_id), request.args.get("token", "")
    return pages.render_withdrawal(form, service.find_state(form, token), token)


@links.route("/f/<form_id>/withdraw", methods=["POST"])
@links.doc(operationId="withdrawSubmission", responses=SHOWN)
@public
@rate_limit("page")
@links.arguments(schemas.Link, location="json_or_form")
def withdraw(body: dict[str, Any], form_id: str) -> Response:
    """Withdraw a submission: it is erased, and its owner is told."""
    form = g.form = get_published_form(form_id)
    state, done = service.withdraw(form, body["token"])
    return pages.render_withdrawal(form, state, body["token"], done=done)
