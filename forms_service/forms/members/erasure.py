"""Export, new addresses and erasure of members, and of invitations that nobody accepts."""

import uuid
from typing import Any

from flask import Flask
from sqlalchemy import or_, select

from forms_service import signals
from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.background import periodic
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.extensions import db
from forms_service.forms.members import invitations, queries, schemas, service
from forms_service.forms.models import Form, Member

SWEEP_INTERVAL = 3600


def init_app(app: Flask) -> None:
    """Register the cleanup."""
    periodic.register(app, "invitations", SWEEP_INTERVAL, sweep)


def sweep() -> None:
    """Delete invitations that nobody accepts."""
    with write_session():
        _forget(Member.status == "pending", Member.created_at < now() - invitations.LIFETIME)
        db.session.commit()


def forget_address(caller: Caller, email: str) -> None:
    """Drop a person's invitations to forms of the caller, in the caller's transaction."""
    conditions: list[Any] = [Member.email_index == email_index(email), Member.status == "pending"]
    if caller.role != "operator":
        conditions.append(Form.owner_id == caller.account_id)
    _forget(*conditions)


@signals.account_address_changing.connect
def _follow_address(_: object, account_id: uuid.UUID) -> None:
    index = db.session.get_one(Account, account_id).email_index
    rows = queries.fetch(Member.account_id == account_id, lock=True)
    form_ids = [row.form.id for row in rows]
    # invitations to the new address are void where the account is on the form
    is_on_form = or_(Form.owner_id == account_id, Form.id.in_(form_ids))
    _forget(Member.email_index == index, Member.status == "pending", is_on_form)
    db.session.flush()
    for row in rows:
        row.member.email_index = index


@signals.account_exporting.connect
def _export(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    dump = schemas.Member(many=True).dump
    for name, condition in (("memberships", Member.account_id == account_id), ("members", Form.owner_id == account_id)):
        document[name] = dump(service.as_dicts(queries.fetch(condition), account_id))


@signals.account_emptying.connect
def _leave_all(_: object, account_id: uuid.UUID) -> bool:
    # an anonymized account may keep its row, but is no member
    with write_session():
        _forget(Member.account_id == account_id)
        db.session.commit()
    return False


@signals.form_erasing.connect
def _erase_with_form(_: object, form_id: str) -> None:
    outbox.delete_to(select(Member.id).where(Member.form_id == form_id))


@signals.account_erasing.connect
def _erase_with_account(_: object, account_id: uuid.UUID) -> None:
    members = select(Member.id).join(Form, Form.id == Member.form_id)
    outbox.delete_to(members.where(or_(Form.owner_id == account_id, Member.account_id == account_id)))


def _forget(*conditions: Any) -> None:
    for row in queries.fetch(*conditions, lock=True):
        service.forget(row.member)
