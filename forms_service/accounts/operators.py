"""Operators' use cases in the console: accounts and the suppression list; each act is recorded."""

import uuid

from sqlalchemy import select

from forms_service.accounts import administration, audit
from forms_service.accounts.authentication import Caller
from forms_service.accounts.deletion import ERASED_HASH
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import require_current_password
from forms_service.accounts.service import NO_ACCOUNT, email_index
from forms_service.database.transactions import write_session
from forms_service.delivery import suppressions
from forms_service.errors import FieldError, NotFoundError, ValidationError
from forms_service.extensions import db
from forms_service.web.pagination import Page, decode_cursor, paginate

NOT_SUPPRESSED = "This address is not on the list, so it gets mail."


def list_accounts(caller: Caller, limit: int, cursor: str | None) -> Page[Account]:
    """Return accounts, newest first."""
    query = select(Account).where(Account.password_hash != ERASED_HASH).order_by(Account.id.desc()).limit(limit + 1)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(Account.id < position[0])
    _record(caller, "accounts_listed")
    return paginate(db.session.scalars(query).all(), limit, lambda account: (account.id,))


def find(email: str) -> uuid.UUID:
    """Return the account with this address, in any spelling.

    :raises ValidationError: on `email`, if there is none
    """
    account_id = db.session.scalar(select(Account.id).where(Account.email_index == email_index(email)))
    if account_id is None:
        raise ValidationError({"email": [FieldError(NO_ACCOUNT, "unknown")]})
    return account_id


def get(account_id: uuid.UUID) -> Account:
    account = db.session.get(Account, account_id)
    if account is None or account.password_hash == ERASED_HASH:
        raise NotFoundError()
    return account


def disable(caller: Caller, account_id: uuid.UUID) -> None:
    """Disable an account.

    :raises ConflictError: for the last operator
    """
    administration.disable(get(account_id).id, by=caller.account_id)


def enable(caller: Caller, account_id: uuid.UUID) -> None:
    """Enable a disabled account.

    :raises ConflictError: unless disabled
    """
    administration.enable(get(account_id).id, by=caller.account_id)


def set_role(caller: Caller, account_id: uuid.UUID, *, role: str, password: str) -> None:
    """Change a role, with the operator's own password: an open browser must not make operators.

    :raises ConflictError: for the last operator
    """
    require_current_password(caller.account_id, password)
    administration.set_role(get(account_id).id, role, by=caller.account_id)


def suppress(caller: Caller, email: str) -> None:
    """Send no mail to an address any more."""
    with write_session():
        suppressions.add(email, "operator")
        audit.record("suppression_added", account_id=caller.account_id)
        db.session.commit()


def unsuppress(caller: Caller, entry: str | uuid.UUID) -> None:
    """Send mail again to an address, or to the one of an entry.

    :raises ValidationError: on `email`, if the address is not suppressed
    """
    with write_session():
        try:
            suppressions.delete_entry(entry)
        except NotFoundError as error:
            if isinstance(entry, str):
                raise ValidationError({"email": [FieldError(NOT_SUPPRESSED, "unknown")]}) from error
            raise
        audit.record("suppression_removed", account_id=caller.account_id)
        db.session.commit()


def _record(caller: Caller, event: str) -> None:
    with write_session():
        audit.record(event, account_id=caller.account_id)
        db.session.commit()
