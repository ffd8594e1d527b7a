"""Links in mails to people who submitted: GET shows a page, only POST acts, as scanners open links."""

from typing import Any

from flask import Response, g, request

from forms_service.forms.cache import get_published_form
from forms_service.rate_limiting.limits import rate_limit
from forms_service.replies import pages, schemas, service
from forms_service.validation.base import Schema
from forms_service.web.api_blueprint import PAGE, Blueprint, envelope
from forms_service.web.bodies import JSON
from forms_service.web.client import client_for_log
from forms_service.web.route_policy import public

links = Blueprint("links", __name__, description="Links in mails to the people who submitted a form.")

TOKEN = {
    "in": "query",
    "name": "token",
    "schema": {"type": "string"},
    "description": "The token of the link in the mail.",
}
"""Mail programs may add parameters of their own, which are ignored."""

HTML = {"text/html": {"schema": PAGE}}
SHOWN = {"200": {"description": "The HTML page.", "content": HTML}}


def answered(schema: type[Schema] | None) -> dict[str, Any]:
    """Describe a response that is a page for browsers and JSON for programs."""
    content = {JSON: {"schema": envelope(schema)}, **HTML}
    return {"200": {"description": "A page for browsers, JSON for programs.", "content": content}}


@links.route("/f/<form_id>/confirm")
@links.doc(operationId="showConfirmation", parameters=[TOKEN], responses=SHOWN)
@public
@rate_limit("page")
def show_confirmation(form_id: str) -> Response:
    """Show the page behind the link of a double opt-in. This changes nothing."""
    form, token = get_published_form(form_id), request.args.get("token", "")
    g.form = form
    return pages.render_confirmation(form, service.find_state(form, token), token)


@links.route("/f/<form_id>/confirm", methods=["POST"])
@links.doc(operationId="confirmSubmission", responses=answered(schemas.LinkState))
@public
@rate_limit("page")
@links.arguments(schemas.Link, location="json_or_form")
@links.answers(200, schemas.LinkState, message="Confirmed, now or already.")
def confirm(body: dict[str, Any], form_id: str) -> Response:
    """Confirm a submission.

    The token is valid for 7 days. The mails and webhooks that waited for the confirmation are sent then.
    """
    form = g.form = get_published_form(form_id)
    state, done = service.confirm(form, body["token"], client_for_log(form.settings.store_ip))
    return pages.answer_confirmation(form, state, body["token"], done=done)


@links.route("/f/<form_id>/resend", methods=["POST"])
@links.doc(operationId="resendConfirmationRequest", responses=answered(None))
@public
@rate_limit("page")
@links.arguments(schemas.Again, location="json_or_form")
@links.answers(200, message="The mail is on its way again, if the submission waits for it.")
def resend(body: dict[str, Any], form_id: str) -> Response:
    """Send the mail of a double opt-in again.

    It is sent again at most twice. The response is the same if it is not sent.
    """
    form = g.form = get_published_form(form_id)
    service.resend(form, body["submission"])
    return pages.answer_resend(form)


@links.route("/f/<form_id>/withdraw")
@links.doc(operationId="showWithdrawal", parameters=[TOKEN], responses=SHOWN)
@public
@rate_limit("page")
def show_withdrawal(form_id: str) -> Response:
    """Show the page behind the link that withdraws a submission. This changes nothing."""
    form, token = get_published_form(form_id), request.args.get("token", "")
    g.form = form
    return pages.render_withdrawal(form, service.find_state(form, token), token)


@links.route("/f/<form_id>/withdraw", methods=["POST"])
@links.doc(operationId="withdrawSubmission", responses=answered(schemas.LinkState))
@public
@rate_limit("page")
@links.arguments(schemas.Link, location="json_or_form")
@links.answers(200, schemas.LinkState, message="Withdrawn, now or already.")
def withdraw(body: dict[str, Any], form_id: str) -> Response:
    """Withdraw a submission.

    It is erased with its files, and the form's owner and webhooks are told.
    """
    form = g.form = get_published_form(form_id)
    state, done = service.withdraw(form, body["token"])
    return pages.answer_withdrawal(form, state, body["token"], done=done)
