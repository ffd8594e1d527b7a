"""API of members."""

import uuid
from typing import Any

from forms_service.accounts.guards import SENDS_SUBMISSIONS, caller, require_form_user
from forms_service.forms import schemas as form_schemas
from forms_service.forms.members import schemas, service, trail, transfer
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.pagination import Page, PageQuery

members = Blueprint("members", __name__, description="Colleagues on your forms, each with a role.")


@members.route("/api/forms/<form_id>/members")
@members.doc(operationId="listMembers")
@require_form_user("forms:read")
@members.arguments(PageQuery, location="query")
@members.lists(schemas.Member, message="The members of the form, the oldest first.", meta=schemas.MembersMeta)
def list_members(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the members of a form; its owner is in `meta.owner`.

    Only managers and the owner see pending members.
    """
    return service.list_members(form_id, caller(), **query)


@members.route("/api/forms/<form_id>/members", methods=["POST"])
@members.doc(operationId="inviteMember")
@require_form_user(*SENDS_SUBMISSIONS)
@members.arguments(schemas.NewMember)
@members.answers(201, schemas.Member, message="Invited. `status` is pending until the invitation is accepted.")
def invite(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Invite somebody to a form.

    The address gets a mail with a link, at most 3 per hour from all forms. It becomes a member when somebody signs in
    with it. Invited again, a pending member is mailed again and takes the new role.
    """
    return service.invite(form_id, caller(), body)


@members.route("/api/members/<uuid:member_id>", methods=["PATCH"])
@members.doc(operationId="changeMember")
@require_form_user(*SENDS_SUBMISSIONS)
@members.arguments(schemas.MemberChanges)
@members.answers(200, schemas.Member, message="Role changed.")
def change(body: dict[str, Any], member_id: uuid.UUID) -> dict[str, Any]:
    """Change the role of a member."""
    return service.change(member_id, caller(), body)


@members.route("/api/members/<uuid:member_id>", methods=["DELETE"])
@members.doc(operationId="removeMember")
@require_form_user("forms:write")
@members.answers(200, message="Member removed. They cannot see the form any more.")
def remove(member_id: uuid.UUID) -> None:
    """Remove a member, or leave the form yourself."""
    service.remove(member_id, caller())


@members.route("/api/forms/<form_id>/transfer", methods=["POST"])
@members.doc(operationId="transferForm")
@require_form_user(*SENDS_SUBMISSIONS)
@members.arguments(schemas.NewOwner)
@members.answers(200, form_schemas.Form, message="The form has a new owner. You are one of its managers.")
def hand_over(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Hand a form over to one of its members; only its owner can.

    The new owner gets the owner's mails, its files count against their quota, and their webhooks for all forms get its
    events. The old owner becomes a manager, and keeps getting mails as a recipient until removed from the recipients.
    """
    return transfer.transfer(form_id, caller(), body["email"])


@members.route("/api/forms/<form_id>/events")
@members.doc(operationId="listFormEvents")
@require_form_user("forms:read")
@members.arguments(PageQuery, location="query")
@members.lists(schemas.FormEvent, message="The audit trail of the form, newest first.")
def list_events(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List who did what on a form; only its owner can.

    Each account's own acts are at `GET /api/me/events`.
    """
    return trail.list_events(form_id, caller(), **query)
