"""The page of a form's deliveries."""

import uuid
from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import query_arguments
from forms_service.console.deliveries.list_page import list_deliveries
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import redisplay, render, see
from forms_service.notifications.deliveries import service as deliveries
from forms_service.notifications.deliveries.schemas import ListQuery
from forms_service.rate_limiting.limits import rate_limit

delivery_pages = Blueprint("console_deliveries", __name__, url_prefix="/console/forms/<form_id>/deliveries")


@query_arguments(ListQuery())
def _page(query: dict[str, Any], form_id: str, delivery_id: uuid.UUID | None = None) -> Response:
    return render("console/deliveries/list.html", **list_deliveries(form_id, caller(), query))


@delivery_pages.get("")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Any:
    """Show what was sent about a form's submissions, those of the newest first."""
    return _page(form_id=form_id)


@delivery_pages.post("/<uuid:delivery_id>/retry")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@query_arguments(ListQuery())
def retry(query: dict[str, Any], form_id: str, delivery_id: uuid.UUID) -> Any:
    """Send a delivery again, and come back to the same part of the list."""
    deliveries.retry(delivery_id, caller())
    place = {name: query.get(name) for name in ("state", "channel", "cursor")}
    return see("console_deliveries.show", "due", form_id=form_id, **place)
