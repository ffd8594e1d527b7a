"""The deliveries blueprint."""

import uuid
from typing import Any

from forms_service.accounts.guards import caller, require_form_user
from forms_service.notifications.deliveries import schemas, service
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page

deliveries = Blueprint("deliveries", __name__, description="Mails and webhooks about submissions, with their attempts.")


@deliveries.route("/api/forms/<form_id>/deliveries")
@deliveries.doc(operationId="listDeliveries")
@require_form_user("submissions:read")
@deliveries.arguments(schemas.ListQuery, location="query")
@deliveries.lists(schemas.Delivery, message="Deliveries, newest first.")
def list_(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the deliveries of a form.

    Those of the newest submissions come first. They are kept for 30 days. A page may hold fewer than `limit`, even
    none, while older submissions have deliveries: `meta.next` shows whether to continue.
    """
    limit, cursor = query.pop("limit"), query.pop("cursor")
    return service.list_deliveries(form_id, caller(), query, limit=limit, cursor=cursor)


@deliveries.route("/api/deliveries/<uuid:delivery_id>")
@deliveries.doc(operationId="getDelivery")
@require_form_user("submissions:read")
@deliveries.answers(200, schemas.Delivery, message="Delivery.")
def get(delivery_id: uuid.UUID) -> dict[str, Any]:
    """Get a delivery with its attempts."""
    return service.get(delivery_id, caller())


@deliveries.route("/api/deliveries/<uuid:delivery_id>/retry", methods=["POST"])
@deliveries.doc(operationId="retryDelivery")
@require_form_user("submissions:write")
@deliveries.answers(202, message="The delivery is due again.")
def retry(delivery_id: uuid.UUID) -> None:
    """Send a delivery again.

    It is due at once, whatever its state, with all attempts before it and under the same id. The content is that of the
    submission now. Returns 409 for a message whose content is no longer stored, while it is being sent, and for a mail
    that the person who submitted has got already.
    """
    service.retry(delivery_id, caller())
