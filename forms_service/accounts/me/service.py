"""Own account use cases."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit, email_tokens, emails
from forms_service.accounts.authentication import Caller
from forms_service.accounts.constant_time import fixed_duration
from forms_service.accounts.deletion import erase_pending
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import hash_password, refuse_personal_password, require_current_password
from forms_service.accounts.service import EMAIL_TAKEN, email_index, lock_by_id
from forms_service.accounts.sessions.service import end_access, end_sessions
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import AuthenticationError, ConflictError
from forms_service.extensions import db
from forms_service.signals import account_address_changing


def get_account(caller: Caller) -> Account:
    account = db.session.get(Account, caller.account_id)
    if account is None:
        raise AuthenticationError()  # erased just now
    return account


def change_profile(caller: Caller, changes: dict[str, Any]) -> Account:
    with write_session():
        account = _lock_account(caller.account_id)
        for name, value in changes.items():
            setattr(account, name, value)
        audit.record("profile_changed", account_id=account.id, details={"fields": sorted(changes)})
        db.session.commit()
    return account


def change_password(caller: Caller, password: str, new_password: str) -> None:
    """Also end other sessions."""
    current_hash = require_current_password(caller.account_id, password)
    refuse_personal_password(new_password, get_account(caller), "new_password")
    password_hash = hash_password(new_password)
    with write_session():
        account = _lock_account(caller.account_id, current_hash)
        account.password_hash = password_hash
        email_tokens.revoke(account.id)
        end_sessions(account.id, but=caller.session_id)
        emails.send_password_changed(account)
        audit.record("password_changed", account_id=account.id)
        db.session.commit()


def change_email(caller: Caller, password: str, email: str) -> None:
    """Mail a link to the new address, a notice to the old."""
    current_hash = require_current_password(caller.account_id, password)
    with fixed_duration(), write_session():
        account = _lock_account(caller.account_id, current_hash)
        # not locked: two accounts swapping addresses would deadlock
        holder = db.session.scalar(select(Account).where(Account.email_index == email_index(email)))
        if holder is None or holder is account or holder.status == "pending":
            emails.send_new_address_link(account, email)
        elif holder.status == "active":
            emails.send_already_registered(holder)
        emails.send_address_changing(account)
        audit.record("email_change_asked", account_id=account.id)
        db.session.commit()


def confirm_email(token: str) -> None:
    """Also end all access.

    :raises ConflictError: for a taken address
    """
    _, payload = email_tokens.check("email", token)
    # the token proves control of the address: an unconfirmed sign-up gives way
    _erase_pending_signup(payload["email"])
    with write_session():
        account, payload = email_tokens.consume("email", token)
        old = account.email
        account.email, account.email_index = payload["email"], email_index(payload["email"])
        account.confirmed_at = now()
        try:
            db.session.flush()
        except IntegrityError as error:
            raise ConflictError(EMAIL_TAKEN) from error
        account_address_changing.send(account_id=account.id)
        email_tokens.revoke(account.id)
        end_access(account.id)
        emails.send_address_changed(account, old)
        audit.record("email_changed", account_id=account.id)
        db.session.commit()


def _erase_pending_signup(email: str) -> None:
    pending = select(Account.id).where(Account.email_index == email_index(email), Account.status == "pending")
    account_id = db.session.scalar(pending)
    if account_id is not None:
        erase_pending(account_id)


def _lock_account(account_id: uuid.UUID, current_hash: str | None = None) -> Account:
    account = lock_by_id(account_id)
    if account is None:
        raise AuthenticationError()
    if current_hash is not None and account.password_hash != current_hash:
        raise ConflictError("Your password was changed at the same time. Try again.")
    return account
