"""Account erasure. Audit events survive, reduced to name and time."""

import secrets
import uuid

from sqlalchemy import ColumnElement, delete, exists, select, update

from forms_service.accounts.models import Account, ApiKey, Event, Session, Token
from forms_service.database.transactions import write_session
from forms_service.delivery import outbox
from forms_service.extensions import db
from forms_service.signals import account_deleted, account_emptying, account_erasing

ERASED_HASH = ""
"""Password hash of an account that is erased while its forms are still being erased."""

BATCH_SIZE = 500
"""Pending accounts per query."""


def erase(account_id: uuid.UUID, event: str = "erased") -> None:
    """Erase an account, in the caller's transaction."""
    account_erasing.send(account_id=account_id)
    outbox.delete_about([account_id])
    db.session.execute(update(Event).where(Event.account_id == account_id).values(client=None, details=None))
    db.session.execute(delete(Account).where(Account.id == account_id))
    db.session.add(Event(account_id=account_id, name=event))


def anonymize(account: Account) -> None:
    """Erase everything but an empty account row, in the caller's transaction.

    Forms still reference the row; `delete_anonymized` removes it after them.
    """
    outbox.delete_about([account.id])
    db.session.execute(update(Event).where(Event.account_id == account.id).values(client=None, details=None))
    for kind in (Session, ApiKey, Token):
        db.session.execute(delete(kind).where(kind.account_id == account.id))
    account.email = account.first_name = account.last_name = account.password_hash = ERASED_HASH
    account.email_index, account.phone = secrets.token_bytes(32), None
    account.role, account.status = "user", "disabled"
    db.session.add(Event(account_id=account.id, name="erased"))


def delete_anonymized(account_id: uuid.UUID) -> None:
    """Delete the empty row of an anonymized account, in the caller's transaction."""
    db.session.execute(delete(Account).where(Account.id == account_id, Account.password_hash == ERASED_HASH))


def erase_pending(account_id: uuid.UUID, *, unless_linked: bool = False) -> None:
    """Erase an account if it is still unconfirmed; with `unless_linked`, only without a valid link."""
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
    """Erase the accounts that no link can confirm any more."""
    query = select(Account.id).where(Account.status == "pending", ~_has_token()).limit(BATCH_SIZE)
    while expired := db.session.scalars(query).all():
        for account_id in expired:
            erase_pending(account_id, unless_linked=True)


def _has_token() -> ColumnElement[bool]:
    return exists().where(Token.account_id == Account.id)
