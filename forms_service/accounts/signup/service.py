"""The use cases of signing up."""

import uuid

from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit, mail_tokens, mails
from forms_service.accounts.models import Account
from forms_service.accounts.passwords import hashed
from forms_service.accounts.service import TAKEN, Person, by_email, new_account
from forms_service.accounts.sessions.service import end_all
from forms_service.accounts.steady import steady
from forms_service.config import settings
from forms_service.database import now, writing
from forms_service.errors import AuthorizationError, ConflictError
from forms_service.extensions import db
from forms_service.metrics import SIGNUPS
from forms_service.signals import account_confirmed, account_created


def sign_up(person: Person) -> dict[str, str]:
    """Make an account for whoever fills in the form; its e-mail address and status.

    With confirmation a taken address gets the same answer in the same time: the hash comes before anybody looks, and
    the look takes as long whatever it finds. Without, it cannot be hidden.

    :raises AuthorizationError: where nobody may sign up
    :raises ConflictError: for a taken address, without confirmation
    :raises ServiceUnavailableError: when too many passwords are being hashed
    """
    if not settings.signup_enabled:
        raise AuthorizationError("Nobody can sign up here at the moment.")
    status = "pending" if settings.signup_confirmation else "active"
    password_hash = hashed(person.password)
    with steady():
        account_id = _stored(person, password_hash, status)
    SIGNUPS.labels(status if account_id else "taken").inc()
    if account_id:
        account_created.send(account_id=account_id)
    elif not settings.signup_confirmation:
        raise ConflictError(TAKEN)
    return {"email": person.email, "status": status}


def confirm(token: str) -> None:
    """Make the account active, as the person said who was sent this token: another may have used their address too.

    :raises ValidationError: for a token that is no good
    """
    with writing():
        account, said = mail_tokens.spend("confirm", token)
        if account.status != "pending":
            raise mail_tokens.no_good()
        for name, value in said.items():
            setattr(account, name, value)
        activate(account)
        audit.record("confirmed", account_id=account.id)
        db.session.commit()
        account_id = account.id
    account_confirmed.send(account_id=account_id)


def activate(account: Account) -> None:
    """Let a pending account in, in the caller's transaction; what came before its holder was known is dropped."""
    account.status = "active"
    account.confirmed_at = now()
    mail_tokens.drop(account.id)
    end_all(account.id)


def resend(email: str) -> None:
    """Send the link again, if there is an account that waits for it; the time does not tell."""
    with steady(), writing():
        account = by_email(email)
        if account is not None and account.status == "pending":
            mails.confirm(account)
        db.session.commit()


def _stored(person: Person, password_hash: str, status: str) -> uuid.UUID | None:
    """The new account's id; None for a taken address, whose holder is told."""
    try:
        return _new(person, password_hash, status)
    except IntegrityError:  # somebody else has just signed up with it
        return _new(person, password_hash, status)


def _new(person: Person, password_hash: str, status: str) -> uuid.UUID | None:
    with writing():
        account = by_email(person.email)
        if account is not None:
            if settings.signup_confirmation:  # else whoever signs up is told
                _tell_holder(account, person, password_hash)
            db.session.commit()
            return None
        account = new_account(person, password_hash, role=settings.signup_role, status=status)
        db.session.add(account)
        db.session.flush()
        if status == "pending":
            mails.confirm(account)
        audit.record("signed_up", account_id=account.id)
        db.session.commit()
        return account.id


def _tell_holder(account: Account, person: Person, password_hash: str) -> None:
    """An account that waits may be somebody else's try: this sign-up gets a link of its own, for what it said."""
    audit.record("signed_up_again", account_id=account.id)
    if account.status == "active":
        mails.already_registered(account)
    elif account.status == "pending":
        names = ("first_name", "last_name", "phone")
        said = {name: getattr(person, name) for name in names}
        mails.confirm(account, said | {"password_hash": password_hash})
