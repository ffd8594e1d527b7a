"""Pages of a form's recipients, notifications, automatic reply and double opt-in."""

import uuid
from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.notifications import page_values, schemas
from forms_service.console.rendering import faults, redisplay, render, see
from forms_service.forms import service as forms
from forms_service.notifications.recipients import service as recipients
from forms_service.rate_limiting.limits import rate_limit

notification_pages = Blueprint("console_notifications", __name__, url_prefix="/console/forms/<form_id>/notifications")

PAGE = "console_notifications.show"
DONE = {"pending": "recipient_asked"}
"""Notice by the status of a recipient that was added."""


def _page(form_id: str, recipient_id: uuid.UUID | None = None) -> Response:
    values = page_values.notifications_page(form_id, caller())
    return render("console/notifications/page.html", faults=faults, **values)


def _recipient_page(form_id: str, recipient_id: uuid.UUID | None = None) -> Response:
    return render("console/notifications/recipient.html", **page_values.recipient_page(form_id, caller(), recipient_id))


@notification_pages.get("")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Response:
    """Show who is told of submissions, and the mails to people."""
    return _page(form_id)


@notification_pages.post("/subject")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(schemas.SubjectForm())
def save_subject(body: dict[str, Any], form_id: str) -> Any:
    """Save the subject of notifications."""
    forms.change(form_id, caller(), body)
    return see(PAGE, "saved", form_id=form_id)


@notification_pages.post("/reply")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(schemas.ReplyForm())
def save_reply(body: dict[str, Any], form_id: str) -> Any:
    """Save the automatic reply, or switch it off."""
    forms.change(form_id, caller(), body)
    return see(PAGE, "saved", form_id=form_id)


@notification_pages.post("/opt-in")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(schemas.DoubleOptInForm())
def save_opt_in(body: dict[str, Any], form_id: str) -> Any:
    """Save the double opt-in, or switch it off."""
    forms.change(form_id, caller(), body)
    return see(PAGE, "saved", form_id=form_id)


@notification_pages.get("/recipients/new")
@require_sign_in
@rate_limit("console")
def show_new_recipient(form_id: str) -> Response:
    """Show the form that adds a recipient."""
    return _recipient_page(form_id)


@notification_pages.post("/recipients/new")
@require_sign_in
@rate_limit("console")
@redisplay(_recipient_page)
@form_arguments(schemas.NewRecipientForm())
def add_recipient(body: dict[str, Any], form_id: str) -> Any:
    """Add a recipient."""
    added = recipients.add(form_id, caller(), body)
    return see(PAGE, DONE.get(added["status"], "saved"), form_id=form_id)


@notification_pages.get("/recipients/<uuid:recipient_id>")
@require_sign_in
@rate_limit("console")
def show_recipient(form_id: str, recipient_id: uuid.UUID) -> Response:
    """Show what a recipient gets."""
    return _recipient_page(form_id, recipient_id)


@notification_pages.post("/recipients/<uuid:recipient_id>")
@require_sign_in
@rate_limit("console")
@redisplay(_recipient_page)
@form_arguments(schemas.RecipientForm())
def change_recipient(body: dict[str, Any], form_id: str, recipient_id: uuid.UUID) -> Any:
    """Change what a recipient gets."""
    page_values.change(form_id, caller(), recipient_id, body)
    return see(PAGE, "saved", form_id=form_id)


@notification_pages.post("/recipients/<uuid:recipient_id>/again")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
def ask_again(form_id: str, recipient_id: uuid.UUID) -> Any:
    """Send the mail to confirm once more."""
    status = page_values.ask_again(form_id, caller(), recipient_id)
    return see(PAGE, DONE.get(status, "saved"), form_id=form_id)


@notification_pages.post("/recipients/<uuid:recipient_id>/remove")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
def remove_recipient(form_id: str, recipient_id: uuid.UUID) -> Any:
    """Remove a recipient."""
    page_values.remove(form_id, caller(), recipient_id)
    return see(PAGE, "recipient_removed", form_id=form_id)
