"""API of webhooks."""

import uuid
from typing import Any

from forms_service.accounts.guards import SENDS_SUBMISSIONS, caller, require_form_user, require_owner
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery
from forms_service.webhooks.management import rotation, schemas, service, trials

webhooks_blueprint = Blueprint("webhooks", __name__, description="Programs and chats that hear of submissions.")

MADE = "Webhook created. Its secret is shown only once."
QUEUED = "The test is on its way. See the delivery for its answer."


@webhooks_blueprint.route("/api/forms/<form_id>/webhooks", methods=["POST"])
@webhooks_blueprint.doc(operationId="createFormWebhook")
@require_form_user(*SENDS_SUBMISSIONS)
@webhooks_blueprint.arguments(schemas.NewWebhook)
@webhooks_blueprint.answers(201, schemas.WebhookMade, message=MADE)
def create_for_form(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Create a webhook for a form. A form has at most 20."""
    return service.create(form_id, caller(), body)


@webhooks_blueprint.route("/api/forms/<form_id>/webhooks")
@webhooks_blueprint.doc(operationId="listFormWebhooks")
@require_form_user("forms:read")
@webhooks_blueprint.arguments(PageQuery, location="query")
@webhooks_blueprint.lists(schemas.WebhookShown, message="The webhooks of the form, newest first.")
def list_of_form(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the webhooks of a form, without those for all forms."""
    return service.list_webhooks(form_id, caller(), **query)


@webhooks_blueprint.route("/api/webhooks", methods=["POST"])
@webhooks_blueprint.doc(operationId="createWebhook")
@require_owner(*SENDS_SUBMISSIONS)
@webhooks_blueprint.arguments(schemas.NewWebhook)
@webhooks_blueprint.answers(201, schemas.WebhookMade, message=MADE)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Create a webhook for all forms of your account.

    It also hears of forms that are created later. An account has at most 50 webhooks, including those of its forms.
    """
    return service.create(None, caller(), body)


@webhooks_blueprint.route("/api/webhooks")
@webhooks_blueprint.doc(operationId="listWebhooks")
@require_owner("forms:read")
@webhooks_blueprint.arguments(PageQuery, location="query")
@webhooks_blueprint.lists(schemas.WebhookShown, message="Your webhooks, newest first.")
def list_all(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List all webhooks of your account.

    Those of single forms are included. Operators see everybody's, without the path of the URL.
    """
    return service.list_webhooks(None, caller(), **query)


@webhooks_blueprint.route("/api/webhooks/sample")
@webhooks_blueprint.doc(operationId="showWebhookSample")
@require_form_user("forms:read")
@webhooks_blueprint.arguments(schemas.SampleQuery, location="query")
@webhooks_blueprint.answers(200, schemas.Sample, message="A sample.")
def sample(query: dict[str, Any]) -> dict[str, Any]:
    """Show a sample request.

    It has the fields of your form, so that you can build a receiver before anybody has filled it in.
    """
    return trials.show_sample(caller(), query["form_id"], query["event"], query["format"])


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>")
@webhooks_blueprint.doc(operationId="getWebhook")
@require_form_user("forms:read")
@webhooks_blueprint.answers(200, schemas.WebhookShown, message="Webhook.")
def show(webhook_id: uuid.UUID) -> dict[str, Any]:
    """Get a webhook."""
    return service.get(webhook_id, caller())


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>", methods=["PATCH"])
@webhooks_blueprint.doc(operationId="changeWebhook")
@require_form_user(*SENDS_SUBMISSIONS)
@webhooks_blueprint.arguments(schemas.WebhookChanges)
@webhooks_blueprint.answers(200, schemas.WebhookShown, message="Webhook changed.")
def change(body: dict[str, Any], webhook_id: uuid.UUID) -> dict[str, Any]:
    """Change a webhook.

    Omitted fields stay as they are. If you switch it off, what waits for it fails; retry that once it is on again.
    """
    return service.change(webhook_id, caller(), body)


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>", methods=["DELETE"])
@webhooks_blueprint.doc(operationId="deleteWebhook")
@require_form_user("forms:write")
@webhooks_blueprint.answers(200, message="Webhook deleted, with its deliveries.")
def delete(webhook_id: uuid.UUID) -> None:
    """Delete a webhook and its deliveries."""
    service.delete(webhook_id, caller())


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>/rotate", methods=["POST"])
@webhooks_blueprint.doc(operationId="rotateWebhookSecret")
@require_form_user("forms:write")
@webhooks_blueprint.answers(200, schemas.Rotated, message="New secret. It is shown only once.")
def rotate(webhook_id: uuid.UUID) -> dict[str, Any]:
    """Rotate the secret.

    For 24 hours, requests carry two signatures: by the new and by the previous secret.
    """
    return rotation.rotate(webhook_id, caller())


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>/test", methods=["POST"])
@webhooks_blueprint.doc(operationId="testWebhook")
@require_form_user("forms:write")
@rate_limit("webhook_test")
@webhooks_blueprint.arguments(schemas.TestEvent)
@webhooks_blueprint.answers(202, schemas.Queued, message=QUEUED)
def test(body: dict[str, Any], webhook_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Send a sample event.

    It is sent once, even while the webhook is switched off. The body is optional. The delivery shows the answer.
    """
    return trials.send_test(webhook_id, caller(), body["event"])


@webhooks_blueprint.route("/api/webhooks/<uuid:webhook_id>/retry", methods=["POST"])
@webhooks_blueprint.doc(operationId="retryWebhook")
@require_form_user("forms:write")
@webhooks_blueprint.arguments(schemas.Retry)
@webhooks_blueprint.answers(202, schemas.Retried, message="Failed deliveries are due again.")
def retry(body: dict[str, Any], webhook_id: uuid.UUID) -> dict[str, int]:
    """Retry failed deliveries.

    Those given up since a moment are due again, with the submissions as they are now, at most 10,000 a call. Returns
    409 while the webhook is switched off.
    """
    return trials.retry(webhook_id, caller(), body["since"])
