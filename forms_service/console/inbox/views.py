"""Pages of submissions."""

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from forms_service.accounts.guards import caller
from forms_service.console import schemas
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.inbox.list_page import list_inbox
from forms_service.console.inbox.submission_page import open_submission
from forms_service.console.rendering import render
from forms_service.inbox import service as inbox
from forms_service.inbox.schemas import ListQuery
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.downloads import download

inbox_pages = Blueprint("console_inbox", __name__)


@inbox_pages.get("/console/forms/<form_id>")
@require_sign_in
@rate_limit("console")
@query_arguments(ListQuery())
def list_submissions(query: dict[str, Any], form_id: str) -> Response:
    """Show a form's inbox."""
    return render("console/inbox.html", **list_inbox(form_id, caller(), query))


@inbox_pages.get("/console/submissions/<uuid:submission_id>")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.SubmissionQuery())
def show_submission(query: dict[str, Any], submission_id: uuid.UUID) -> Response:
    """Show a submission, which marks it as read."""
    is_seen = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    values = open_submission(submission_id, caller(), mark_read=is_seen)
    return render("console/submission.html", **values, download=query["download"])


@inbox_pages.post("/console/submissions/<uuid:submission_id>")
@require_sign_in
@rate_limit("console")
@form_arguments(schemas.SubmissionAction())
def change_submission(body: dict[str, Any], submission_id: uuid.UUID) -> Any:
    """Do what a button of the page says."""
    form_id = inbox.get(submission_id, caller())["form_id"]
    if body["action"] == schemas.DELETE:
        inbox.delete(submission_id, caller())
    else:
        inbox.change(submission_id, caller(), schemas.CHANGES[body["action"]])
    if body["action"] in (schemas.DELETE, "unread"):  # to open it would mark it as read again
        return redirect(url_for("console_inbox.list_submissions", form_id=form_id), 303)
    return redirect(url_for("console_inbox.show_submission", submission_id=submission_id), 303)


@inbox_pages.get("/console/submissions/<uuid:submission_id>/files/<int(max=9999):number>")
@require_sign_in
@rate_limit("console")
def download_file(submission_id: uuid.UUID, number: int) -> Response:
    """Download a file of a submission."""
    attachment = inbox.open_attachment(submission_id, number, caller())
    return download(attachment.chunks, attachment.name, attachment.content_type, attachment.size)
