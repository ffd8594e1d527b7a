"""Account erasure, in the caller's transaction; audit events keep account id, name and time."""

import contextlib
import secrets
import uuid

from sqlalchemy import ColumnElement, delete, exists, select, update

from forms_service.accounts.models import Account, ApiKey, Event, Session, Token
from forms_service.database.transactions import write_session
from forms_service.delivery import outbox, suppressions
from forms_service.extensions import db
from forms_service.signals import account_deleted, account_emptying, account_erasing

ERASED_HASH = ""
"""Marks an anonymized account."""

BATCH_SIZE = 500


def erase(account_id: uuid.UUID, event: str = "erased") -> None:
    account_erasing.send(account_id=account_id)
    outbox.delete_about([account_id])
    _forget_suppression(db.session.scalar(select(Account.email).where(Account.id == account_id)))
    db.session.execute(update(Event).where(Event.account_id == account_id).values(client=None, details=None))
    db.session.execute(delete(Account).where(Account.id == account_id))
    db.session.add(Event(account_id=account_id, name=event))


def anonymize(account: Account) -> None:
    """Keep an empty row that forms still reference."""
    outbox.delete_about([account.id])
    _forget_suppression(account.email)
    db.session.execute(update(Event).where(Event.account_id == account.id).values(client=None, details=None))
    for kind in (Session, ApiKey, Token):
        db.session.execute(delete(kind).where(kind.account_id == account.id))
    account.email = account.first_name = account.last_name = account.password_hash = ERASED_HASH
    account.email_index, account.phone = secrets.token_bytes(32), None
    account.role, account.status = "user", "disabled"
    db.session.add(Event(account_id=account.id, name="erased"))


def delete_anonymized(account_id: uuid.UUID) -> None:
    db.session.execute(delete(Account).where(Account.id == account_id, Account.password_hash == ERASED_HASH))


def erase_pending(account_id: uuid.UUID, *, unless_linked: bool = False) -> None:
    """Erase a pending account and commit; with `unless_linked`, only without a mail link."""
    account_emptying.send(account_id=account_id)
    pending = select(Account.id).where(Account.id == account_id, Account.status == "pending")
    if unless_linked:
        pending = pending.where(~_has_token())
    with write_session():
        if db.session.scalar(pending.with_for_update()) is None:
            return
        erase(account_id, "signup_expired")
        db.session.commit()
    account_deleted.send(account_id=account_id)


def erase_expired_signups() -> None:
    query = select(Account.id).where(Account.status == "pending", ~_has_token()).limit(BATCH_SIZE)
    while expired := db.session.scalars(query).all():
        for account_id in expired:
            erase_pending(account_id, unless_linked=True)


def _forget_suppression(address: str | None) -> None:
    with contextlib.suppress(ValueError):  # empty where anonymized or undecryptable
        suppressions.forget_address(address or "")


def _has_token() -> ColumnElement[bool]:
    return exists().where(Token.account_id == Account.id)
