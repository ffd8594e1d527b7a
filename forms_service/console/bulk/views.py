"""The page that changes everything that a filter matches."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.bulk.pages import question_values, step_values
from forms_service.console.guards import require_sign_in
from forms_service.console.inbox import schemas
from forms_service.console.inbox.schemas import Listing
from forms_service.console.rendering import redisplay, render
from forms_service.rate_limiting.limits import rate_limit

bulk_pages = Blueprint("console_bulk", __name__)


@query_arguments(schemas.ListQuery())
def _show(listing: Listing, form_id: str) -> Response:
    return render("console/bulk/bulk.html", **question_values(form_id, caller(), listing))


@bulk_pages.get("/console/forms/<form_id>/bulk")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Any:
    """Show how many match, and ask what to do with them."""
    return _show(form_id=form_id)


@bulk_pages.post("/console/forms/<form_id>/bulk")
@require_sign_in
@rate_limit("console")
@redisplay(_show)
@query_arguments(schemas.ListQuery())
@form_arguments(schemas.Bulk())
def run(listing: Listing, body: dict[str, Any], form_id: str) -> Response:
    """Do as much as a request may take, and show how many are left."""
    return render("console/bulk/bulk.html", **step_values(form_id, caller(), listing, body))
