"""Endpoints of the inbox."""

import uuid
from typing import Any

from flask import Response

from forms_service.accounts.guards import caller, require_form_user
from forms_service.inbox import export, schemas, search, service, statistics, statistics_schemas
from forms_service.submissions.queries import Filter
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.downloads import download
from forms_service.web.pagination import Page, PageQuery

inbox = Blueprint("inbox", __name__, description="Submissions of a form, for its owner.")


@inbox.route("/api/forms/<form_id>/submissions")
@inbox.doc(operationId="listSubmissions")
@require_form_user("submissions:read")
@inbox.arguments(schemas.ListQuery, location="query")
@inbox.lists(schemas.SubmissionShown, meta=schemas.SubmissionsListMeta, message="Submissions, newest first.")
def list_(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List a form's submissions.

    Newest first. A page ends early if submissions are huge, or if `unread` matches few of very many: `meta.next` shows
    whether there are more. `meta.left_out` counts the submissions that `status` leaves out.
    """
    limit, cursor = query.pop("limit"), query.pop("cursor")
    return service.list_submissions(form_id, caller(), Filter(**query), limit=limit, cursor=cursor)


@inbox.route("/api/forms/<form_id>/submissions/search", methods=["POST"])
@inbox.doc(operationId="searchSubmissions")
@require_form_user("submissions:read")
@inbox.arguments(PageQuery, location="query")
@inbox.arguments(schemas.Search)
@inbox.lists(schemas.SubmissionShown, message="Matches so far, newest first.")
def search_submissions(page: dict[str, Any], body: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """Search a form's submissions.

    The values are encrypted, so a request scans them for half a second: it may return fewer than `limit`, even none,
    and still have a `meta.next` to continue from. `limit` and `cursor` are accepted in the body as well.
    """
    page |= {name: body.pop(name) for name in ("limit", "cursor") if name in body}
    q = body.pop("q")
    return search.search(form_id, caller(), Filter(**body), q, **page)


@inbox.route("/api/forms/<form_id>/submissions/bulk", methods=["POST"])
@inbox.doc(operationId="changeSubmissions")
@require_form_user("submissions:write")
@inbox.arguments(schemas.Bulk)
@inbox.answers(200, schemas.BulkDone, message="Submissions updated.")
def bulk(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Mark, move or delete many submissions."""
    ids = body.pop("ids")
    return service.bulk(form_id, caller(), ids, body)


@inbox.route("/api/forms/<form_id>/export")
@inbox.doc(operationId="exportSubmissions", responses=schemas.EXPORTS)
@require_form_user("submissions:read")
@inbox.arguments(schemas.Export, location="query")
def export_submissions(query: dict[str, Any], form_id: str) -> Response:
    """Export a form's submissions.

    CSV and XLSX have a column for each field, under its label, and for each further name that was submitted, including
    special fields that people write. Choices with labels have two columns: label and value. Multiple values of a field
    are joined by commas; a value that contains a comma is quoted. In CSV, text that a spreadsheet would run as a
    formula is prefixed with an apostrophe; in XLSX, numbers, dates, times and checkboxes are typed. Times are to the
    second, in `timezone`. JSON Lines has each submission as the API returns it.
    """
    kind = query.pop("format")
    exported = export.export(form_id, caller(), Filter(**query), kind)
    response = download(exported.chunks, exported.name, exported.content_type)
    if exported.left_out:
        response.headers[schemas.LEFT_OUT] = ", ".join(
            f"{status}={count}" for status, count in exported.left_out.items()
        )
    return response


@inbox.route("/api/forms/<form_id>/erasure")
@inbox.doc(operationId="getFormErasure")
@require_form_user("forms:read")
@inbox.answers(200, schemas.Erasure, message="Form erasure in progress.")
def erasure(form_id: str) -> dict[str, Any]:
    """Get the progress of a form's erasure; 404 once it is complete."""
    return service.get_erasure(form_id, caller())


@inbox.route("/api/forms/<form_id>/stats")
@inbox.doc(operationId="getFormStats")
@require_form_user("submissions:read")
@inbox.arguments(statistics_schemas.StatsQuery, location="query")
@inbox.answers(200, statistics_schemas.Stats, message="Statistics.")
def stats(query: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Get statistics of a form's submissions."""
    return statistics.stats(form_id, caller(), **query)


@inbox.route("/api/submissions/<uuid:submission_id>")
@inbox.doc(operationId="getSubmission")
@require_form_user("submissions:read")
@inbox.answers(200, schemas.SubmissionShown, message="Submission.")
def get(submission_id: uuid.UUID) -> dict[str, Any]:
    """Get a submission. This does not mark it as read."""
    return service.get(submission_id, caller())


@inbox.route("/api/submissions/<uuid:submission_id>", methods=["PATCH"])
@inbox.doc(operationId="changeSubmission")
@require_form_user("submissions:write")
@inbox.arguments(schemas.Change)
@inbox.answers(200, schemas.SubmissionChanged, message="Submission updated.")
def patch(body: dict[str, Any], submission_id: uuid.UUID) -> dict[str, Any]:
    """Mark a submission as read or unread, or move it.

    Moving it from spam to the inbox, also by way of the archive, sends the notification that was held back. An API key
    without `submissions:read` gets no content of the submission.
    """
    return service.change(submission_id, caller(), body)


@inbox.route("/api/submissions/<uuid:submission_id>", methods=["DELETE"])
@inbox.doc(operationId="deleteSubmission")
@require_form_user("submissions:write")
@inbox.answers(200, message="Submission deleted, with its files and everything stored about it.")
def delete(submission_id: uuid.UUID) -> None:
    """Delete a submission permanently."""
    service.delete(submission_id, caller())


@inbox.route("/api/submissions/<uuid:submission_id>/files/<int(max=9999):number>")
@inbox.doc(operationId="getSubmissionFile")
@require_form_user("submissions:read")
@inbox.arguments(schemas.FileQuery, location="query")
@inbox.response(200, schema={"type": "string", "format": "binary"}, content_type="application/octet-stream")
def file(query: dict[str, bool], submission_id: uuid.UUID, number: int) -> Response:
    """Download a file of a submission.

    A file in which the virus scanner found something is refused (403) unless an editor asks with `infected=true`.
    """
    attachment = service.open_attachment(submission_id, number, caller(), infected=query["infected"])
    return download(attachment.chunks, attachment.name, attachment.content_type, attachment.size)
