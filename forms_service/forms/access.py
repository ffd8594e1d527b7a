"""Roles on a form: its owner's, its members', and that of operators, who may do what the owner may."""

from typing import Any

from sqlalchemy import ColumnElement, Select, case, literal, or_, select

from forms_service.accounts.guards import Caller
from forms_service.errors import AuthorizationError, NotFoundError
from forms_service.extensions import db
from forms_service.forms.models import FORM_ID, MEMBER_ROLES, Form, Member

VIEWER, EDITOR, MANAGER = MEMBER_ROLES
OWNER, OPERATOR = "owner", "operator"
RANK = {VIEWER: 0, EDITOR: 1, MANAGER: 2, OWNER: 3, OPERATOR: 3}
"""A role includes those of a lower rank."""

NEEDED = {
    EDITOR: "Your role on this form is {role}. Its editors, managers and owner can do this.",
    MANAGER: "Your role on this form is {role}. Its managers and owner can do this.",
    OWNER: "Your role on this form is {role}. Only its owner can do this.",
}


def find_form(form_id: str, caller: Caller, needed: str = VIEWER, *, lock: bool = False) -> Form:
    """Return a form on which the caller has the role, or a higher one.

    :raises NotFoundError: also for a form on which the caller has none
    :raises AuthorizationError: for a lower one
    """
    return find_form_and_role(form_id, caller, needed, lock=lock)[0]


def find_form_and_role(form_id: str, caller: Caller, needed: str = VIEWER, *, lock: bool = False) -> tuple[Form, str]:
    """Return what `find_form` does, and the caller's role on it."""
    query = select(Form, role_of(caller)).where(Form.id == form_id, Form.deleted_at.is_(None))
    query = query.with_for_update(of=Form) if lock else query
    row = db.session.execute(query).one_or_none() if FORM_ID.fullmatch(form_id) else None
    role = row[1] if row else None
    if row and lock:  # a member may have been removed while this waited for the lock
        role = find_role(form_id, caller)
    require_role(role, needed)
    return row[0], role  # type: ignore[index,return-value]  # without a row there is no role


def find_role(form_id: str, caller: Caller) -> str | None:
    """Return the caller's role on a form that is not being erased."""
    role: str | None = db.session.scalar(
        select(role_of(caller)).select_from(Form).where(Form.id == form_id, Form.deleted_at.is_(None))
    )
    return role


def require_role(role: str | None, needed: str) -> None:
    """Check a role.

    :raises NotFoundError: without one
    :raises AuthorizationError: for a lower one
    """
    if role is None:
        raise NotFoundError()
    if not includes(role, needed):
        raise AuthorizationError(NEEDED[needed].format(role=role))


def includes(role: str | None, needed: str) -> bool:
    """Whether a role may do what another may."""
    return role is not None and RANK[role] >= RANK[needed]


def role_of(caller: Caller) -> ColumnElement[Any]:
    """Return the expression for the caller's role on the form of a query; NULL for a stranger."""
    if caller.role == OPERATOR:
        return case((Form.owner_id == caller.account_id, OWNER), else_=literal(OPERATOR))
    member = select(Member.role).where(Member.form_id == Form.id, *_is_member(caller)).correlate(Form)
    return case((Form.owner_id == caller.account_id, OWNER), else_=member.scalar_subquery())


def with_role(caller: Caller, needed: str) -> ColumnElement[bool]:
    """Return the condition that the caller has the role, or a higher one, on the form of a query."""
    if caller.role == OPERATOR:
        return literal(value=True)
    roles = [role for role in MEMBER_ROLES if includes(role, needed)]
    shared = select(Member.form_id).where(*_is_member(caller), Member.role.in_(roles))
    return or_(Form.owner_id == caller.account_id, Form.id.in_(shared))


def visible_to(caller: Caller, query: Select[Any]) -> Select[Any]:
    """Restrict a query to forms that the caller may see."""
    return query.where(Form.deleted_at.is_(None), with_role(caller, VIEWER))


def _is_member(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    return Member.account_id == caller.account_id, Member.status == "active"
