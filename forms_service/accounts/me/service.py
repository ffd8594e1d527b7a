"""The use cases of one's own account."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit, email_tokens, emails
from forms_service.accounts.authentication import Caller
from forms_service.accounts.constant_time import steady
from forms_service.accounts.deletion import erase_pending
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import demand_current, demand_impersonal, hashed
from forms_service.accounts.service import TAKEN, by_id, email_index
from forms_service.accounts.sessions.service import end_access, end_all
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import AuthenticationError, ConflictError
from forms_service.extensions import db


def account_of(caller: Caller) -> Account:
    """The account that asks."""
    account = db.session.get(Account, caller.account_id)
    if account is None:
        raise AuthenticationError()  # erased just now
    return account


def change(caller: Caller, changes: dict[str, Any]) -> Account:
    """The account with some of its fields changed."""
    with write_session():
        account = _locked(caller.account_id)
        for name, value in changes.items():
            setattr(account, name, value)
        audit.record("profile_changed", account_id=account.id, details={"fields": sorted(changes)})
        db.session.commit()
    return account


def change_password(caller: Caller, password: str, new_password: str) -> None:
    """Change the password, and end every other session.

    :raises ValidationError: on `password`, when it is not the current one
    """
    kept = demand_current(caller.account_id, password)
    demand_impersonal(new_password, account_of(caller), "new_password")
    password_hash = hashed(new_password)
    with write_session():
        account = _locked(caller.account_id, kept)
        account.password_hash = password_hash
        email_tokens.drop(account.id)
        end_all(account.id, but=caller.session_id)
        emails.password_changed(account)
        audit.record("password_changed", account_id=account.id)
        db.session.commit()


def change_email(caller: Caller, password: str, email: str) -> None:
    """Send a link to the new address, and a word to the old one; nothing is changed before the link is used.

    :raises ValidationError: on `password`, when it is not the current one
    """
    kept = demand_current(caller.account_id, password)
    with steady(), write_session():
        account = _locked(caller.account_id, kept)
        # not locked: two who swap their addresses would wait for each other
        holder = db.session.scalar(select(Account).where(Account.email_index == email_index(email)))
        if holder is None or holder is account or holder.status == "pending":
            emails.new_address(account, email)
        elif holder.status == "active":
            emails.already_registered(holder)
        emails.address_changing(account)
        audit.record("email_change_asked", account_id=account.id)
        db.session.commit()


def confirm_email(token: str) -> None:
    """Give the account the address that the token was sent to, and end every session.

    :raises ValidationError: for a token that is no good
    :raises ConflictError: when another account has the address by now
    """
    _, payload = email_tokens.check("email", token)
    _make_room(payload["email"])
    with write_session():
        account, said = email_tokens.spend("email", token)
        old = account.email
        account.email, account.email_index = said["email"], email_index(said["email"])
        account.confirmed_at = now()
        try:
            db.session.flush()
        except IntegrityError as error:
            raise ConflictError(TAKEN) from error
        email_tokens.drop(account.id)
        end_access(account.id)
        emails.address_changed(account, old)
        audit.record("email_changed", account_id=account.id)
        db.session.commit()


def _make_room(email: str) -> None:
    """Erase a sign-up with this address that nobody has confirmed: the token proves whose address it is."""
    pending = select(Account.id).where(Account.email_index == email_index(email), Account.status == "pending")
    account_id = db.session.scalar(pending)
    if account_id is not None:
        erase_pending(account_id)


def _locked(account_id: uuid.UUID, kept: str | None = None) -> Account:
    """The account, with the password that was just shown, if one was."""
    account = by_id(account_id)
    if account is None:
        raise AuthenticationError()
    if kept is not None and account.password_hash != kept:
        raise ConflictError("Your password was changed at the same time. Try again.")
    return account
