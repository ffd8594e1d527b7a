"""Pages of the console."""

import uuid
from functools import partial
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, redirect, request, url_for

from forms_service.accounts.guards import caller
from forms_service.accounts.sessions import browser_sessions
from forms_service.accounts.sessions import service as sessions
from forms_service.accounts.sessions.attempts import limit_attempts
from forms_service.console import cookies, csrf, schemas
from forms_service.console.guards import find_caller, require_console_owner, require_sign_in
from forms_service.console.inbox_page import list_inbox
from forms_service.console.return_paths import location, safe_path
from forms_service.console.submission_page import open_submission
from forms_service.inbox import overview
from forms_service.inbox import service as inbox
from forms_service.inbox.schemas import ListQuery
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import BodyParser
from forms_service.web.downloads import download
from forms_service.web.pagination import PageQuery
from forms_service.web.responses import page
from forms_service.web.route_policy import public

console = Blueprint("console", __name__)
console.app_template_global("csrf_token")(csrf.token)
arguments = BodyParser().use_args

query_arguments = partial(arguments, location="query", unknown=ma.EXCLUDE)
"""Mail gateways add parameters of their own to links."""


@console.get("/console/sign-in")
@public
@rate_limit("console")
def show_sign_in() -> Any:
    """Show the form, or go on for who is signed in."""
    path = safe_path(request.args.get("next", ""))
    if find_caller():
        return redirect(location(path), 303)
    return page("console/sign_in.html", errors={}, values={"next": path})


@console.post("/console/sign-in")
@public
@rate_limit("login")
@csrf.protect
@arguments(schemas.SignIn(), location="json_or_form")
def sign_in(body: dict[str, Any]) -> Any:
    """Sign in by the API's rules, and go to the page that was asked for."""
    path = safe_path(body.pop("next"))
    cookies.keep(
        limit_attempts(
            body["email"], lambda device: browser_sessions.sign_in(**body, device=device, replaced=cookies.read())
        )
    )
    return redirect(location(path), 303)


sign_in.form_template = "console/sign_in.html"  # type: ignore[attr-defined]  # a mark on a function


@console.post("/console/sign-out")
@require_sign_in
@rate_limit("console")
def sign_out() -> Any:
    """End the session."""
    sessions.sign_out(caller())
    cookies.drop()
    return redirect(url_for("console.show_sign_in"), 303)


@console.get("/console")
@require_console_owner
@rate_limit("console")
@query_arguments(PageQuery())
def list_forms(query: dict[str, Any]) -> Response:
    """Show the owner's forms."""
    return page("console/forms.html", forms=overview.list_forms(caller(), **query))


@console.get("/console/forms/<form_id>")
@require_console_owner
@rate_limit("console")
@query_arguments(ListQuery())
def list_submissions(query: dict[str, Any], form_id: str) -> Response:
    """Show a form's inbox."""
    return page("console/inbox.html", **list_inbox(form_id, caller(), query))


@console.get("/console/submissions/<uuid:submission_id>")
@require_console_owner
@rate_limit("console")
@query_arguments(schemas.SubmissionQuery())
def show_submission(query: dict[str, Any], submission_id: uuid.UUID) -> Response:
    """Show a submission, which marks it as read."""
    is_seen = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    values = open_submission(submission_id, caller(), mark_read=is_seen)
    return page("console/submission.html", **values, download=query["download"])


@console.post("/console/submissions/<uuid:submission_id>")
@require_console_owner
@rate_limit("console")
@arguments(schemas.SubmissionAction(), location="json_or_form")
def change_submission(body: dict[str, Any], submission_id: uuid.UUID) -> Any:
    """Do what a button of the page says."""
    form_id = inbox.get(submission_id, caller())["form_id"]
    if body["action"] == schemas.DELETE:
        inbox.delete(submission_id, caller())
    else:
        inbox.change(submission_id, caller(), schemas.CHANGES[body["action"]])
    if body["action"] in (schemas.DELETE, "unread"):  # to open it would mark it as read again
        return redirect(url_for("console.list_submissions", form_id=form_id), 303)
    return redirect(url_for("console.show_submission", submission_id=submission_id), 303)


@console.get("/console/submissions/<uuid:submission_id>/files/<int(max=9999):number>")
@require_console_owner
@rate_limit("console")
def download_file(submission_id: uuid.UUID, number: int) -> Response:
    """Download a file of a submission."""
    attachment = inbox.open_attachment(submission_id, number, caller())
    return download(attachment.chunks, attachment.name, attachment.content_type, attachment.size)
