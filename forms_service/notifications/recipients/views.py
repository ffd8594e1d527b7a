"""API of recipients, for owners."""

import uuid
from typing import Any

from forms_service.accounts.guards import SENDS_SUBMISSIONS, caller, require_form_user
from forms_service.notifications.recipients import schemas, service
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery

recipients = Blueprint("recipients", __name__, description="Whom your forms tell by mail.")


@recipients.route("/api/forms/<form_id>/recipients")
@recipients.doc(operationId="listRecipients")
@require_form_user("forms:read")
@recipients.arguments(PageQuery, location="query")
@recipients.lists(schemas.Recipient, message="The recipients of the form, its owner first.")
def list_recipients(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the recipients of a form."""
    return service.list_recipients(form_id, caller(), **query)


@recipients.route("/api/forms/<form_id>/recipients", methods=["POST"])
@recipients.doc(operationId="addRecipient")
@require_form_user(*SENDS_SUBMISSIONS)
@recipients.arguments(schemas.NewRecipient)
@recipients.answers(201, schemas.Recipient, message="Recipient added. `status` says whether it must be confirmed.")
def add(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Add a recipient to a form.

    An address other than the owner's is `pending` and gets one mail with a link to confirm, at most 3 per hour from all
    forms. Added again, an address takes the new options and keeps its status: one that unsubscribed is not mailed.
    """
    return service.add(form_id, caller(), body)


@recipients.route("/api/recipients/<uuid:recipient_id>", methods=["PATCH"])
@recipients.doc(operationId="changeRecipient")
@require_form_user(*SENDS_SUBMISSIONS)
@recipients.arguments(schemas.RecipientChanges)
@recipients.answers(200, schemas.Recipient, message="Recipient changed.")
def change(body: dict[str, Any], recipient_id: uuid.UUID) -> dict[str, Any]:
    """Change what a recipient gets, and when.

    Omitted fields stay as they are. The address cannot be changed: add another recipient.
    """
    return service.change(recipient_id, caller(), body)


@recipients.route("/api/recipients/<uuid:recipient_id>", methods=["DELETE"])
@recipients.doc(operationId="removeRecipient")
@require_form_user("forms:write")
@recipients.answers(200, message="Recipient removed. Nothing more is sent to them.")
def remove(recipient_id: uuid.UUID) -> None:
    """Remove a recipient.

    Without any recipient, nobody gets a mail about submissions.
    """
    service.remove(recipient_id, caller())
