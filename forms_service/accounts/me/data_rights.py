"""Data-subject requests: export and erasure."""

import json
import uuid
from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import select

from forms_service.accounts import audit, deletion
from forms_service.accounts.api_keys import service as keys
from forms_service.accounts.authentication import Caller
from forms_service.accounts.me.service import get_account
from forms_service.accounts.models import Account, ApiKey, Event, Session
from forms_service.accounts.password_hashing import require_current_password
from forms_service.accounts.sessions import service as sessions
from forms_service.database.transactions import write_session
from forms_service.delivery import suppressions
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthenticationError
from forms_service.extensions import db
from forms_service.signals import account_deleted, account_emptying, account_exporting
from forms_service.web.pagination import Page, decode_cursor, paginate

Kind = TypeVar("Kind", Session, ApiKey)


def export(caller: Caller) -> dict[str, Any]:
    """Return everything stored; other packages add parts by signal."""
    with write_session():
        audit.record("exported", account_id=caller.account_id)
        db.session.commit()
    account = get_account(caller)
    document: dict[str, Any] = {
        "account": account,
        "sessions": [sessions.as_dict(session) for session in _all(Session, account.id)],
        "keys": [keys.as_dict(key) for key in _all(ApiKey, account.id)],
        "events": [_event_as_dict(event) for event in db.session.scalars(_events(account.id))],
    }
    if account.email:  # empty if it cannot be decrypted
        document["suppression"] = suppressions.describe(account.email)
    account_exporting.send(account_id=account.id, document=document)
    return document


def list_events(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    query = _events(caller.account_id)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(Event.id < position[0])
    page = paginate(db.session.scalars(query.limit(limit + 1)).all(), limit, lambda event: (event.id,))
    return Page([_event_as_dict(event) for event in page.items], page.next)


def erase(caller: Caller, password: str) -> bool:
    """Return False if a background task erases the account's forms."""
    require_current_password(caller.account_id, password)
    is_left = any(left for _, left in account_emptying.send(account_id=caller.account_id))
    with write_session():
        account = db.session.scalar(select(Account).where(Account.id == caller.account_id).with_for_update())
        if account is None:
            raise AuthenticationError()
        if is_left:
            deletion.anonymize(account)
        else:
            deletion.erase(caller.account_id)
        db.session.commit()
    account_deleted.send(account_id=caller.account_id)
    return not is_left


def _events(account_id: uuid.UUID) -> Any:
    return select(Event).where(Event.account_id == account_id).order_by(Event.id.desc())


def _event_as_dict(event: Event) -> dict[str, Any]:
    details = json.loads(event.details) if event.details else {}
    data = {"id": event.id, "name": event.name, "at": event.at, "client": event.client, "details": details}
    return data | unreadable_flag(event.client, event.details)


def _all(kind: type[Kind], account_id: uuid.UUID) -> Iterable[Kind]:
    return db.session.scalars(select(kind).where(kind.account_id == account_id).order_by(kind.id))
