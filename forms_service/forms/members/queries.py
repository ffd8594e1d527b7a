"""Queries for members with their form and account."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import exists, select

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.extensions import db
from forms_service.forms.models import Form, Member


class MemberRow(NamedTuple):
    """A member with form and account; a pending one has no account yet."""

    member: Member
    form: Form
    account: Account | None

    @property
    def email(self) -> str:
        """`Unreadable`, which is empty, if it cannot be decrypted."""
        email = self.account.email if self.account else self.member.email
        return "" if email is None else email

    @property
    def name(self) -> str | None:
        return f"{self.account.first_name} {self.account.last_name}".strip() or None if self.account else None


def fetch(*conditions: Any, limit: int | None = None, lock: bool = False) -> list[MemberRow]:
    """Return members of forms that are not being erased, the oldest first."""
    query = select(Member, Form, Account).join(Form, Form.id == Member.form_id)
    query = query.outerjoin(Account, Account.id == Member.account_id)
    query = query.where(Form.deleted_at.is_(None), *conditions).order_by(Member.id).limit(limit)
    # as they are after the lock, whatever the session has read before
    locked = query.with_for_update(of=Member).execution_options(populate_existing=True)
    return [MemberRow(*row) for row in db.session.execute(locked if lock else query)]


def find_membership(form_id: str, account_id: uuid.UUID) -> Member | None:
    """Return the membership of an account on a form."""
    return db.session.scalar(select(Member).where(Member.form_id == form_id, Member.account_id == account_id))


def is_member(form_id: str, address: str) -> bool:
    """Whether the address is that of an active member, who can open links to the form."""
    is_theirs = (Account.email_index == email_index(address), Member.form_id == form_id, Member.status == "active")
    return bool(db.session.scalar(select(exists().where(Member.account_id == Account.id, *is_theirs))))
