"""Pages of members, and the page behind the link in an invitation."""

import uuid
from typing import Any

from flask import Blueprint, Response, request

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.members import list_page, schemas
from forms_service.console.rendering import redisplay, render, see
from forms_service.forms.members import acceptance, transfer
from forms_service.forms.members import service as members
from forms_service.forms.members.schemas import NewMember
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.pagination import PageQuery

members_pages = Blueprint("console_members", __name__)

LIST = "console_members.list_members"


def show_list(form_id: str, cursor: str | None = None, **_: Any) -> Response:
    return render("console/members/list.html", **list_page.list_page(form_id, caller(), cursor))


def show_invitation() -> Response:
    token = request.args.get("token", "")
    invitation = acceptance.look_up(token, caller())
    return render("console/members/invitation.html", invitation=invitation, token=token)


@members_pages.get("/console/forms/<form_id>/members")
@require_sign_in
@rate_limit("console")
@query_arguments(PageQuery())
def list_members(query: dict[str, Any], form_id: str) -> Response:
    """Show who is on a form."""
    return show_list(form_id, query["cursor"])


@members_pages.post("/console/forms/<form_id>/members")
@require_sign_in
@rate_limit("console")
@redisplay(show_list)
@form_arguments(NewMember())
def invite(body: dict[str, Any], form_id: str) -> Any:
    """Invite somebody."""
    members.invite(form_id, caller(), body)
    return see(LIST, "invited", form_id=form_id)


@members_pages.post("/console/forms/<form_id>/members/<uuid:member_id>")
@require_sign_in
@rate_limit("console")
@redisplay(show_list)
@form_arguments(schemas.MemberAction())
def change(body: dict[str, Any], form_id: str, member_id: uuid.UUID) -> Any:
    """Do what a button beside a member says."""
    if body["action"] == schemas.REMOVE:
        members.remove(member_id, caller())
        return see(LIST, "removed", form_id=form_id)
    members.change(member_id, caller(), {"role": body["role"]})
    return see(LIST, "saved", form_id=form_id)


@members_pages.post("/console/forms/<form_id>/leave")
@require_sign_in
@rate_limit("console")
def leave(form_id: str) -> Any:
    """Leave a form."""
    members.leave(form_id, caller())
    return see("console.list_forms", "left")


@members_pages.post("/console/forms/<form_id>/transfer")
@require_sign_in
@rate_limit("console")
@redisplay(show_list)
@form_arguments(schemas.Handover())
def hand_over(body: dict[str, Any], form_id: str) -> Any:
    """Make a member the owner."""
    transfer.transfer(form_id, caller(), body["new_owner"], field="new_owner")
    return see(LIST, "handed_over", form_id=form_id)


@members_pages.get("/console/invitation")
@require_sign_in
@rate_limit("console")
def invitation() -> Response:
    """Show an invitation; changes nothing, since mail scanners open links."""
    return show_invitation()


@members_pages.post("/console/invitation")
@require_sign_in
@rate_limit("console")
@redisplay(show_invitation)
@query_arguments(schemas.InvitationQuery())
@form_arguments(schemas.InvitationAnswer())
def answer_invitation(query: dict[str, Any], body: dict[str, Any]) -> Any:
    """Accept an invitation, or decline it."""
    if body["action"] == schemas.DECLINE:
        acceptance.decline(query["token"], caller())
        return see("console.list_forms", "declined")
    form_id = acceptance.accept(query["token"], caller())
    return see("console_inbox.list_submissions", "accepted", form_id=form_id)
