"""Pages of submissions: the inbox, one submission, its files, and the buttons of both."""

import uuid
from typing import Any

from flask import Blueprint, Response, request

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.inbox import acts, schemas, search_page, undo_cookie
from forms_service.console.inbox.list_page import list_values
from forms_service.console.inbox.schemas import Listing
from forms_service.console.inbox.submission_page import open_submission
from forms_service.console.rendering import redisplay, render, see
from forms_service.forms import service as forms
from forms_service.inbox import file_views
from forms_service.inbox import service as inbox
from forms_service.inbox.schemas import FileQuery
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.downloads import download, view

inbox_pages = Blueprint("console_inbox", __name__)


@inbox_pages.get("/console/forms/<form_id>")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ListQuery())
def list_submissions(listing: Listing, form_id: str) -> Response:
    """Show a form's inbox."""
    return _render("list", **list_values(forms.get(form_id, caller()), caller(), listing))


@inbox_pages.get("/console/submissions/<uuid:submission_id>")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ListQuery())
@query_arguments(schemas.SubmissionQuery())
def show_submission(listing: Listing, query: dict[str, Any], submission_id: uuid.UUID) -> Response:
    """Show a submission beside its list, which marks it as read."""
    is_seen = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    is_alone = "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    values = open_submission(submission_id, caller(), listing, is_seen=is_seen, is_alone=is_alone)
    sources = {"frame-src": "'self'"}
    return render("console/inbox/submission.html", **values, **query, sources=sources, undo=undo_cookie.take(caller()))


@inbox_pages.post("/console/submissions/<uuid:submission_id>")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ListQuery())
@form_arguments(schemas.Action())
def change_submission(listing: Listing, body: dict[str, Any], submission_id: uuid.UUID) -> Any:
    """Do what a button of the page says."""
    form_id, at = acts.change_submission(submission_id, caller(), listing, body["action"])
    return _back(form_id, listing, at, body["action"])


@inbox_pages.post("/console/forms/<form_id>/selection")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ListQuery())
@form_arguments(schemas.Selection())
def change_selection(listing: Listing, body: dict[str, Any], form_id: str) -> Any:
    """Do what a button above the list says with the ticked submissions."""
    if not body["ids"]:
        return see("console_inbox.list_submissions", "none_selected", form_id=form_id, **listing.params)
    at = acts.change_selection(form_id, caller(), listing, body["ids"], body["action"])
    return _back(form_id, listing, at, body["action"])


@inbox_pages.post("/console/forms/<form_id>/undo")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ListQuery())
@form_arguments(schemas.Undo())
def undo(listing: Listing, body: dict[str, Any], form_id: str) -> Any:
    """Take back what was done last."""
    done, at = acts.undo(form_id, body["token"], caller())
    return see("console_inbox.list_submissions", done, form_id=form_id, at=at, **listing.params)


@query_arguments(schemas.ListQuery())
def _show_search(listing: Listing, form_id: str) -> Response:
    return _render("search", **search_page.empty_values(form_id, caller(), listing))


@inbox_pages.get("/console/forms/<form_id>/search")
@require_sign_in
@rate_limit("console")
def show_search(form_id: str) -> Any:
    """Show an empty search."""
    return _show_search(form_id=form_id)


@inbox_pages.post("/console/forms/<form_id>/search")
@require_sign_in
@rate_limit("console")
@redisplay(_show_search)
@query_arguments(schemas.ListQuery())
@form_arguments(schemas.Search())
def search(listing: Listing, body: dict[str, Any], form_id: str) -> Response:
    """Show what contains a text, as far as the time allows."""
    return _render("search", **search_page.search_values(form_id, caller(), listing, body))


@inbox_pages.get("/console/submissions/<uuid:submission_id>/files/<int(max=9999):number>")
@require_sign_in
@rate_limit("console")
@query_arguments(FileQuery())
def download_file(query: dict[str, bool], submission_id: uuid.UUID, number: int) -> Response:
    """Download a file of a submission."""
    attachment = inbox.open_attachment(submission_id, number, caller(), infected=query["infected"])
    return download(attachment.chunks, attachment.name, attachment.content_type, attachment.size)


@inbox_pages.get("/console/submissions/<uuid:submission_id>/files/<int(max=9999):number>/view")
@require_sign_in
@rate_limit("console")
def view_file(submission_id: uuid.UUID, number: int) -> Response:
    """Show an image or a PDF inside the page of its submission."""
    attachment = file_views.open_view(submission_id, number, caller())
    return view(attachment.chunks, attachment.name, attachment.content_type, attachment.size)


def _render(name: str, **values: Any) -> Response:
    # a submission is opened in any of these pages, and a PDF in it
    sources = {"frame-src": "'self'"}
    return render(f"console/inbox/{name}.html", sources=sources, undo=undo_cookie.take(caller()), **values)


def _back(form_id: str, listing: Listing, at: str | None, action: str) -> Any:
    done = "deleted" if action == schemas.DELETE else None  # the offer to undo says the rest
    return see("console_inbox.list_submissions", done, form_id=form_id, at=at, **listing.params)
