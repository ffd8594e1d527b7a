"""Taking one's data along, and leaving."""

import json
import uuid
from typing import Any

from sqlalchemy import delete, select, update

from forms_service.accounts import audit
from forms_service.accounts.identity import Caller
from forms_service.accounts.me.service import account_of, demand_password
from forms_service.accounts.models import Account, ApiKey, Event, Session
from forms_service.database import writing
from forms_service.delivery import outbox
from forms_service.errors import AuthenticationError
from forms_service.extensions import db
from forms_service.signals import account_deleted, account_erasing, account_exporting
from forms_service.web.pagination import Page, after, paged


def export(caller: Caller) -> dict[str, Any]:
    """Everything held on the account, in one document that the rooms above add their part to."""
    with writing():
        audit.record("exported", account_id=caller.account_id)
        db.session.commit()
    account = account_of(caller)
    document: dict[str, Any] = {
        "account": account,
        "sessions": _rows(Session, account.id, "id created_at last_used_at expires_at client user_agent"),
        "keys": _rows(ApiKey, account.id, "id name scopes created_at last_used_at"),
        "events": [_event(event) for event in db.session.scalars(_events(account.id))],
    }
    account_exporting.send(account_id=account.id, document=document)
    return document


def events_of(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """What happened to the account, the newest first."""
    query = _events(caller.account_id)
    position = after(cursor, uuid.UUID)
    if position:
        query = query.where(Event.id < position[0])
    page = paged(db.session.scalars(query.limit(limit + 1)).all(), limit, lambda event: (event.id,))
    return Page([_event(event) for event in page.items], page.next)


def erase(caller: Caller, password: str) -> None:
    """Erase the account with all that hangs on it. Of the trail stays what happened when, without where from.

    :raises ValidationError: on `password`, when it is not the current one
    """
    demand_password(caller, password)
    with writing():
        account = db.session.scalar(select(Account).where(Account.id == caller.account_id).with_for_update())
        if account is None:
            raise AuthenticationError()
        account_erasing.send(account_id=caller.account_id)
        outbox.forget(caller.account_id)
        own = Event.account_id == caller.account_id
        db.session.execute(update(Event).where(own).values(client=None, details=None))
        db.session.execute(delete(Account).where(Account.id == caller.account_id))
        db.session.add(Event(account_id=caller.account_id, name="erased"))
        db.session.commit()
    account_deleted.send(account_id=caller.account_id)


def _events(account_id: uuid.UUID) -> Any:
    return select(Event).where(Event.account_id == account_id).order_by(Event.id.desc())


def _event(event: Event) -> dict[str, Any]:
    details = json.loads(event.details) if event.details else {}
    return {"id": event.id, "name": event.name, "at": event.at, "client": event.client, "details": details}


def _rows(kind: type[Session] | type[ApiKey], account_id: uuid.UUID, names: str) -> list[dict[str, Any]]:
    found = db.session.scalars(select(kind).where(kind.account_id == account_id).order_by(kind.id))
    return [{name: getattr(row, name) for name in names.split()} for row in found]
