"""Operator commands on accounts; NotFoundError for an unknown address."""

import hashlib
import uuid
from collections.abc import Callable

from sqlalchemy import delete, select

from forms_service.accounts import audit, email_tokens, emails
from forms_service.accounts.models import Account, ApiKey, Session
from forms_service.accounts.password_hashing import hash_password
from forms_service.accounts.service import NO_ACCOUNT, NewAccount, create, email_index, lock_by_email, lock_by_id
from forms_service.database.transactions import lock_until_commit, write_session
from forms_service.database.types import now
from forms_service.errors import ConflictError, NotFoundError
from forms_service.extensions import db

LAST_OPERATOR = "This is the last operator: nobody could see all forms any more."
CHANGED = "operator_changed_account"
"""In the trail of the operator who changed another account in the console."""

CHANGES = hashlib.sha256(b"changed accounts").digest()

Holder = str | uuid.UUID
"""Its address, or its id."""


def status_of(email: str) -> str | None:
    return db.session.scalar(select(Account.status).where(Account.email_index == email_index(email)))


def require_account(email: str) -> None:
    if status_of(email) is None:
        raise NotFoundError(NO_ACCOUNT)


def ensure_operator(email: str, new: NewAccount | None) -> None:
    """Promote or create an operator; an active account keeps its password.

    :raises ConflictError: if disabled
    """
    status = status_of(email)
    if status is None and new is not None:
        create(new, role="operator", status="active")
        return
    if status == "disabled":
        raise ConflictError("The account with this address is disabled. Run first: flask accounts enable ADDRESS")
    if status == "pending" and new is not None:  # unconfirmed: the password may be a stranger's
        set_password(email, new.password)
    _change(email, "account_role_changed", _promote)


def disable(holder: Holder, *, force: bool = False, by: uuid.UUID | None = None) -> uuid.UUID:
    """Also end its access.

    :raises ConflictError: for the last operator, unless `force`
    """

    def close(account: Account) -> None:
        _refuse_last_operator(account, force)
        account.status = "disabled"
        _end_access(account)

    return _change(holder, "account_disabled", close, by)


def enable(holder: Holder, *, by: uuid.UUID | None = None) -> uuid.UUID:
    """Enable an account; an unconfirmed one gets a new link.

    :raises ConflictError: unless disabled
    """

    def reopen(account: Account) -> None:
        if account.status != "disabled":
            raise ConflictError(f"This account is not disabled: its status is {account.status}.")
        account.status = "active" if account.confirmed_at else "pending"
        if account.status == "pending":
            emails.send_confirmation(account)

    return _change(holder, "account_enabled", reopen, by)


def set_role(holder: Holder, role: str, *, force: bool = False, by: uuid.UUID | None = None) -> uuid.UUID:
    """Change an account's role.

    :raises ConflictError: for the last operator, unless `force`
    """

    def assign(account: Account) -> None:
        if role != "operator":
            _refuse_last_operator(account, force)
        account.role = role

    return _change(holder, "account_role_changed", assign, by)


def set_password(email: str, password: str) -> uuid.UUID:
    """Also end all access."""
    password_hash = hash_password(password)

    def replace(account: Account) -> None:
        account.password_hash = password_hash
        _end_access(account)

    return _change(email, "password_set", replace)


def _change(holder: Holder, event: str, change: Callable[[Account], None], by: uuid.UUID | None = None) -> uuid.UUID:
    with write_session():
        lock_until_commit(CHANGES)  # one at a time: a change locks the operators too, in any order
        account = lock_by_email(holder) if isinstance(holder, str) else lock_by_id(holder)
        if account is None:
            raise NotFoundError(NO_ACCOUNT)
        change(account)
        details = {"role": account.role, "status": account.status}
        # the operator's address is in the operator's own trail only
        audit.record(event, account_id=account.id, details=details, with_client=False)
        if by:
            audit.record(CHANGED, account_id=by, details={"account": str(account.id), **details})
        db.session.commit()
        return account.id


def _promote(account: Account) -> None:
    account.role = "operator"
    account.status = "active"
    account.confirmed_at = account.confirmed_at or now()


def _refuse_last_operator(account: Account, force: bool) -> None:
    active = select(Account.id).where(Account.role == "operator", Account.status == "active").with_for_update()
    if not force and set(db.session.scalars(active)) == {account.id}:
        raise ConflictError(LAST_OPERATOR)


def _end_access(account: Account) -> None:
    for kind in (Session, ApiKey):
        db.session.execute(delete(kind).where(kind.account_id == account.id))
    email_tokens.revoke(account.id)
