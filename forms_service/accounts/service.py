"""The use cases of accounts."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forms_service.accounts.models import EMAIL_PLACE, Account
from forms_service.accounts.passwords import hashed
from forms_service.config import settings
from forms_service.database import writing
from forms_service.errors import AuthorizationError, ConflictError, NotFoundError
from forms_service.extensions import db
from forms_service.keyring import holder
from forms_service.metrics import SIGNUPS
from forms_service.validation.fields import email_key


@dataclass(frozen=True)
class Person:
    """What a person says about themselves."""

    email: str
    first_name: str
    last_name: str
    password: str
    phone: str | None = None


def sign_up(person: Person) -> dict[str, str]:
    """Make an account for whoever fills in the form; its e-mail address and status.

    With confirmation a taken address gets the same answer after the same work: the hash, which is nearly all of
    the time, comes before anybody looks. Without, it cannot be hidden.

    :raises AuthorizationError: where nobody may sign up
    :raises ConflictError: for a taken address, without confirmation
    :raises ServiceUnavailableError: when too many passwords are being hashed
    """
    if not settings.signup_enabled:
        raise AuthorizationError("Nobody can sign up here at the moment.")
    status = "pending" if settings.signup_confirmation else "active"
    try:
        create(person, role=settings.signup_role, status=status)
    except ConflictError:
        SIGNUPS.labels("taken").inc()
        if not settings.signup_confirmation:
            raise
    else:
        SIGNUPS.labels(status).inc()
    return {"email": person.email, "status": status}


def create(person: Person, *, role: str, status: str) -> Account:
    """A new account.

    :raises ConflictError: for an address that has one
    """
    password_hash = hashed(person.password)
    account = Account(
        email=person.email,
        email_index=email_index(person.email),
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        password_hash=password_hash,
        role=role,
        status=status,
    )
    with writing():
        db.session.add(account)
        try:
            db.session.commit()
        except IntegrityError as error:
            raise ConflictError("There is an account with this e-mail address already.") from error
    return account


def everybody() -> Iterator[Account]:
    """All accounts, the oldest first, without holding them all in memory."""
    yield from db.session.scalars(select(Account).order_by(Account.id).execution_options(yield_per=500))


def disable(email: str) -> uuid.UUID:
    """Close an account; its id.

    :raises NotFoundError: where there is none with that address
    """
    with writing():
        account = db.session.scalar(select(Account).where(Account.email_index == email_index(email)))
        if account is None:
            raise NotFoundError("There is no account with this e-mail address.")
        account.status = "disabled"
        db.session.commit()
        return account.id


def email_index(email: str) -> bytes:
    """What an account is found by: the same for every spelling of one address."""
    return holder().ring().index(email_key(email), EMAIL_PLACE)
