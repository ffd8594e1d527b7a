"""The inbox blueprint: the submissions of a form, for its owner."""

import uuid
from typing import Any

from flask import Response

from forms_service.accounts.guards import caller, for_owners
from forms_service.submissions.inbox import exporting, people, schemas, searching, service, statistics
from forms_service.submissions.inbox.selecting import Filter
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.downloads import download
from forms_service.web.pagination import Page, Paging

inbox = Blueprint("inbox", __name__, description="What people sent to a form, for its owner.")

people_blueprint = Blueprint("people", __name__, description="What one person sent to any form.")


@inbox.route("/api/forms/<form_id>/submissions")
@inbox.doc(operationId="listSubmissions")
@for_owners("submissions:read")
@inbox.arguments(schemas.Listing, location="query")
@inbox.lists(schemas.SubmissionShown, meta=schemas.SubmissionsListMeta, message="The submissions, the newest first.")
def list_(asked: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List a form's submissions.

    The newest first. A page ends early where submissions are huge; `meta.next` says whether there are more, and
    `meta.left_out` what `status` leaves out.
    """
    limit, cursor = asked.pop("limit"), asked.pop("cursor")
    return service.listed(form_id, caller(), Filter(**asked), limit=limit, cursor=cursor)


@inbox.route("/api/forms/<form_id>/submissions/search", methods=["POST"])
@inbox.doc(operationId="searchSubmissions")
@for_owners("submissions:read")
@inbox.arguments(Paging, location="query")
@inbox.arguments(schemas.Search)
@inbox.lists(schemas.SubmissionShown, message="What was found so far, the newest first.")
def search(paging: dict[str, Any], asked: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """Search a form's submissions.

    The values are encrypted, so a request looks through them for half a second: it may find fewer than `limit`, or
    none, and still have a `meta.next` to go on from. `limit` and `cursor` may stand in the body as well.
    """
    paging |= {name: asked.pop(name) for name in ("limit", "cursor") if name in asked}
    q = asked.pop("q")
    return searching.search(form_id, caller(), Filter(**asked), q, **paging)


@inbox.route("/api/forms/<form_id>/submissions/bulk", methods=["POST"])
@inbox.doc(operationId="changeSubmissions")
@for_owners("submissions:write")
@inbox.arguments(schemas.Bulk)
@inbox.answers(200, schemas.BulkDone, message="Done.")
def bulk(asked: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Mark, move or delete many submissions."""
    ids = asked.pop("ids")
    return service.bulk(form_id, caller(), ids, asked)


@inbox.route("/api/forms/<form_id>/export")
@inbox.doc(operationId="exportSubmissions", responses=schemas.EXPORTS)
@for_owners("submissions:read")
@inbox.arguments(schemas.Export, location="query")
def export(asked: dict[str, Any], form_id: str) -> Response:
    """Export a form's submissions.

    CSV and XLSX have a column for each field, under its label, and for each further name that was sent, special fields
    that people write among them. Choices with labels have two: label and value. Several values of one field are joined
    by commas, and stand in quotes where they hold one. In CSV a text that a spreadsheet would run has an apostrophe in
    front of it; in XLSX numbers, dates, times and boxes are typed. Times are to the second, in `timezone`. JSON Lines
    has each submission as the API shows it.
    """
    kind = asked.pop("format")
    found = exporting.export(form_id, caller(), Filter(**asked), kind)
    response = download(found.chunks, found.name, found.content_type)
    if found.left_out:
        response.headers[schemas.LEFT_OUT] = ", ".join(f"{status}={count}" for status, count in found.left_out.items())
    return response


@inbox.route("/api/forms/<form_id>/erasure")
@inbox.doc(operationId="getFormErasure")
@for_owners("forms:read")
@inbox.answers(200, schemas.Erasure, message="The form is being erased.")
def erasure(form_id: str) -> dict[str, Any]:
    """Show how much is left of a form that was deleted; 404 once nothing is."""
    return service.erasure(form_id, caller())


@inbox.route("/api/forms/<form_id>/stats")
@inbox.doc(operationId="getFormStats")
@for_owners("submissions:read")
@inbox.arguments(schemas.Span, location="query")
@inbox.answers(200, schemas.Stats, message="The numbers.")
def stats(asked: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Count a form's submissions, by status and by day."""
    return statistics.stats(form_id, caller(), **asked)


@inbox.route("/api/submissions/<uuid:submission_id>")
@inbox.doc(operationId="getSubmission")
@for_owners("submissions:read")
@inbox.answers(200, schemas.SubmissionShown, message="The submission.")
def get(submission_id: uuid.UUID) -> dict[str, Any]:
    """Show a submission. It stays unread until you say otherwise."""
    return service.one(submission_id, caller())


@inbox.route("/api/submissions/<uuid:submission_id>", methods=["PATCH"])
@inbox.doc(operationId="changeSubmission")
@for_owners("submissions:write")
@inbox.arguments(schemas.Change)
@inbox.answers(200, schemas.SubmissionChanged, message="Changed.")
def patch(asked: dict[str, Any], submission_id: uuid.UUID) -> dict[str, Any]:
    """Mark a submission as read, or move it.

    Moving it from spam to the inbox, by way of the archive too, sends the notification that was not sent for it. To an
    API key without `submissions:read` nothing is shown that the sender wrote.
    """
    return service.change(submission_id, caller(), asked)


@inbox.route("/api/submissions/<uuid:submission_id>", methods=["DELETE"])
@inbox.doc(operationId="deleteSubmission")
@for_owners("submissions:write")
@inbox.answers(200, message="Deleted, with its files and all that was kept about it.")
def delete(submission_id: uuid.UUID) -> None:
    """Delete a submission, completely."""
    service.delete(submission_id, caller())


@inbox.route("/api/submissions/<uuid:submission_id>/files/<int(max=9999):number>")
@inbox.doc(operationId="getSubmissionFile")
@for_owners("submissions:read")
@inbox.response(200, schema={"type": "string", "format": "binary"}, content_type="application/octet-stream")
def file(submission_id: uuid.UUID, number: int) -> Response:
    """Download a file of a submission."""
    found = service.attachment(submission_id, number, caller())
    return download(found.chunks, found.name, found.content_type, found.size)


@people_blueprint.route("/api/people/find", methods=["POST"])
@people_blueprint.doc(operationId="findPerson")
@for_owners("submissions:read")
@people_blueprint.arguments(Paging, location="query")
@people_blueprint.arguments(schemas.Person)
@people_blueprint.lists(schemas.SubmissionShown, message="What was sent with this address, the newest first.")
def find(paging: dict[str, Any], person: dict[str, Any]) -> Page[dict[str, Any]]:
    """Find everything that an e-mail address sent.

    Over all of your forms, spam too; over all forms for an operator. The address counts wherever it is a whole value,
    in a special field too, or one of several addresses in a value; one in running text does not.
    """
    return people.find(caller(), person["email"], **paging)


@people_blueprint.route("/api/people/export", methods=["POST"])
@people_blueprint.doc(operationId="exportPerson", responses=schemas.LINES)
@for_owners("submissions:read")
@people_blueprint.arguments(schemas.Person)
def take_along(person: dict[str, Any]) -> Response:
    """Export everything that an e-mail address sent, as JSON Lines."""
    found = people.export(caller(), person["email"])
    return download(found.chunks, found.name, found.content_type)


@people_blueprint.route("/api/people/erase", methods=["POST"])
@people_blueprint.doc(operationId="erasePerson")
@for_owners("submissions:write")
@people_blueprint.arguments(schemas.Person)
@people_blueprint.answers(200, schemas.PersonErased, message="Erased, with files and all that was kept about it.")
def erase(person: dict[str, Any]) -> dict[str, int]:
    """Erase everything that an e-mail address sent.

    Over all of your forms; over all forms for an operator. Your audit trail keeps that it was done, not for whom.
    """
    return people.erase(caller(), person["email"])
