"""The audit trail of a form: who did what, for its owner."""

import json
import uuid
from typing import Any

from sqlalchemy import select

from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account, Event
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.web.pagination import Page, decode_cursor, paginate


def list_events(form_id: str, caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """List acts on a form, newest first, without the addresses that they came from."""
    access.find_form(form_id, caller, access.OWNER)
    position = decode_cursor(cursor, uuid.UUID)
    query = select(Event, Account).outerjoin(Account, Account.id == Event.account_id).where(Event.form_id == form_id)
    if position:
        query = query.where(Event.id < position[0])
    rows = db.session.execute(query.order_by(Event.id.desc()).limit(limit + 1)).all()
    page = paginate(rows, limit, lambda row: (row[0].id,))
    return Page([_as_dict(event, account) for event, account in page.items], page.next)


def _as_dict(event: Event, account: Account | None) -> dict[str, Any]:
    is_known = account is not None and account.role != access.OPERATOR
    return {
        **{name: getattr(event, name) for name in ("id", "name", "at", "account_id")},
        "email": account.email or None if account and is_known else None,
        "details": json.loads(event.details) if event.details else {},
    }
