"""The export form, and the download that it starts."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.exports import schemas
from forms_service.console.exports.pages import export_values
from forms_service.console.guards import require_sign_in
from forms_service.console.inbox.schemas import Listing, ListQuery
from forms_service.console.rendering import redisplay, render
from forms_service.inbox import export
from forms_service.rate_limiting.limits import rate_limit
from forms_service.submissions.queries import Filter
from forms_service.web.downloads import download

export_pages = Blueprint("console_exports", __name__)

TOTAL = "X-Submissions"
"""Number of submissions in an export, for the progress that the page shows."""


@query_arguments(ListQuery())
def _show(listing: Listing, form_id: str) -> Response:
    return render("console/exports/export.html", **export_values(form_id, caller(), listing))


@export_pages.get("/console/forms/<form_id>/export")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Any:
    """Show the export form, with the filter of the list."""
    return _show(form_id=form_id)


@export_pages.post("/console/forms/<form_id>/export")
@require_sign_in
@rate_limit("console")
@redisplay(_show)
@form_arguments(schemas.Export())
def run(body: dict[str, Any], form_id: str) -> Response:
    """Download submissions."""
    kind = body.pop("format")
    exported = export.export(form_id, caller(), Filter(**body), kind)
    response = download(exported.chunks, exported.name, exported.content_type)
    response.headers[TOTAL] = str(exported.total)
    return response
