"""Use cases of members. Strangers get NotFoundError, members with a lower role AuthorizationError."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import ConflictError, NotFoundError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.members import invitations, queries
from forms_service.forms.members.queries import MemberRow
from forms_service.forms.models import Form, Member
from forms_service.rate_limiting.limits import charge
from forms_service.web.pagination import Page, decode_cursor, paginate

IS_OWNER = "This is the address of the form's owner, who can do everything already."
IS_MEMBER = "This is the address of a member of the form. Change the member's role instead."


def list_members(form_id: str, caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """List a form's members, the oldest first; only who may invite sees the pending ones."""
    form = access.find_form(form_id, caller)
    position = decode_cursor(cursor, uuid.UUID)
    conditions = [Member.form_id == form_id]
    if not access.includes(access.find_role(form_id, caller), access.MANAGER):
        conditions.append(Member.status == "active")
    if position:
        conditions.append(Member.id > position[0])
    rows = queries.fetch(*conditions, limit=limit + 1)
    page = paginate(rows, limit, lambda row: (row.member.id,))
    return Page(as_dicts(page.items, caller.account_id), page.next, {"owner": _describe_owner(form, caller)})


def invite(form_id: str, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Add a pending member and mail a link; invited again, a pending one is mailed again and takes the new role.

    :raises ConflictError: for the owner's or a member's address
    :raises RateLimitError: when the account invites many
    """
    charge("members", str(caller.account_id))  # with any of its keys: strangers are mailed
    with write_session():
        form = access.find_form(form_id, caller, access.MANAGER, lock=True)
        member = _find_or_make(form, body["email"])
        member.role, member.created_at = body["role"], now()
        db.session.add(member)
        db.session.flush()
        (row,) = queries.fetch(Member.id == member.id)
        invitations.send(row, caller.account_id)
        record_event("member_invited", row, caller.account_id)
        (result,) = as_dicts([row], caller.account_id)
        db.session.commit()
    return result


def change(member_id: uuid.UUID, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change a member's role."""
    with write_session():
        row = _lock(member_id, caller)
        row.member.role = body["role"]
        record_event("member_changed", row, caller.account_id)
        (result,) = as_dicts([row], caller.account_id)
        db.session.commit()
    return result


def remove(member_id: uuid.UUID, caller: Caller) -> None:
    """Remove a member, or leave the form."""
    with write_session():
        row = _lock(member_id, caller, or_self=True)
        record_event("member_left" if _is_self(row.member, caller) else "member_removed", row, caller.account_id)
        forget(row.member)
        db.session.commit()


def leave(form_id: str, caller: Caller) -> None:
    """Leave a form.

    :raises NotFoundError: also for the owner, who is no member
    """
    access.find_form(form_id, caller)
    membership = queries.find_membership(form_id, caller.account_id)
    if membership is None:
        raise NotFoundError()
    remove(membership.id, caller)


def forget(member: Member) -> None:
    """Delete a member and the mails to them, in the caller's transaction."""
    outbox.delete_to([member.id])
    db.session.delete(member)


def record_event(name: str, row: MemberRow, account_id: uuid.UUID) -> None:
    """Record who did it, in the caller's transaction."""
    details = {"form_id": row.form.id, "member_id": str(row.member.id), "role": row.member.role}
    audit.record(name, account_id=account_id, details=details)


def as_dicts(rows: Sequence[MemberRow], account_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return members as others on the form see them."""
    suppressed = invitations.find_suppressed(rows)
    return [_as_dict(row, account_id, is_suppressed=row.member.id in suppressed) for row in rows]


def _as_dict(row: MemberRow, account_id: uuid.UUID, *, is_suppressed: bool) -> dict[str, Any]:
    plain = ("id", "form_id", "role", "status", "created_at", "accepted_at")
    return {
        **{name: getattr(row.member, name) for name in plain},
        "email": row.email,
        "name": row.name,
        "is_you": row.account is not None and row.account.id == account_id,
        "is_suppressed": is_suppressed,
        **unreadable_flag(row.email),
    }


def _describe_owner(form: Form, caller: Caller) -> dict[str, Any]:
    owner = db.session.get_one(Account, form.owner_id)
    return {
        "email": owner.email,
        "name": f"{owner.first_name} {owner.last_name}",
        "is_you": owner.id == caller.account_id,
    }


def _find_or_make(form: Form, email: str) -> Member:
    index = email_index(email)
    account_id = db.session.scalar(select(Account.id).where(Account.email_index == index))
    if account_id == form.owner_id:
        raise ConflictError(IS_OWNER)
    is_theirs = [Member.email_index == index, *([Member.account_id == account_id] if account_id else ())]
    members = db.session.scalars(select(Member).where(Member.form_id == form.id, or_(*is_theirs))).all()
    if any(member.status == "active" for member in members):
        raise ConflictError(IS_MEMBER)
    return members[0] if members else Member(form_id=form.id, email=email, email_index=index)


def _lock(member_id: uuid.UUID, caller: Caller, *, or_self: bool = False) -> MemberRow:
    query = select(Member.form_id, Member.account_id).where(Member.id == member_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError()
    is_self = or_self and row.account_id == caller.account_id
    # the form first, as everywhere: nobody is removed while the form is handed over to them
    access.find_form(row.form_id, caller, access.VIEWER if is_self else access.MANAGER, lock=True)
    for locked in queries.fetch(Member.id == member_id, lock=True):
        return locked
    raise NotFoundError()


def _is_self(member: Member, caller: Caller) -> bool:
    return member.account_id == caller.account_id
