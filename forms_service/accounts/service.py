"""Shared account use cases."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit
from forms_service.accounts.models import EMAIL_CONTEXT, Account
from forms_service.accounts.password_hashing import hash_password
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import ConflictError
from forms_service.extensions import db
from forms_service.languages.sentences import N_
from forms_service.signals import account_created
from forms_service.validation.fields import email_key

EMAIL_TAKEN = N_("An account with this e-mail address already exists.")
NO_ACCOUNT = "There is no account with this e-mail address."


@dataclass(frozen=True)
class NewAccount:
    email: str
    first_name: str
    last_name: str
    password: str
    phone: str | None = None


def create(new: NewAccount, *, role: str, status: str) -> Account:
    """Create an account.

    :raises ConflictError: for a taken address
    """
    account = build_account(new, hash_password(new.password), role=role, status=status)
    with write_session():
        db.session.add(account)
        try:
            db.session.flush()
        except IntegrityError as error:
            raise ConflictError(EMAIL_TAKEN) from error
        audit.record("account_created", account_id=account.id, details={"role": role})
        db.session.commit()
    account_created.send(account_id=account.id)
    return account


def build_account(new: NewAccount, password_hash: str, *, role: str, status: str) -> Account:
    return Account(
        email=new.email,
        email_index=email_index(new.email),
        first_name=new.first_name,
        last_name=new.last_name,
        phone=new.phone,
        password_hash=password_hash,
        role=role,
        status=status,
        confirmed_at=now() if status == "active" else None,
    )


def list_accounts() -> Iterator[Account]:
    """Yield all accounts, oldest first; audited."""
    audit.note("accounts_listed")
    yield from db.session.scalars(select(Account).order_by(Account.id).execution_options(yield_per=500))


def lock_by_email(email: str) -> Account | None:
    """Find any spelling of the address."""
    return db.session.scalar(select(Account).where(Account.email_index == email_index(email)).with_for_update())


def lock_by_id(account_id: uuid.UUID) -> Account | None:
    return db.session.scalar(select(Account).where(Account.id == account_id).with_for_update())


def email_index(email: str) -> bytes:
    """Blind index, equal for all spellings."""
    return current_key_ring().index(email_key(email), EMAIL_CONTEXT)
