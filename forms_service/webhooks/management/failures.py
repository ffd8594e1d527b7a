"""Webhooks whose deliveries fail, of all owners, for operators."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from forms_service.accounts.models import Account
from forms_service.delivery.models import ROUTINE, Attempt, Message
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.web.pagination import Page, decode_cursor, paginate
from forms_service.webhooks.endpoints import existing, host_of, webhook_index
from forms_service.webhooks.models import Webhook

LAST_MESSAGES = 10
"""Of each state; the last attempt is among theirs."""

FAILURES: Any = (
    select(Webhook.id, Webhook.url, Webhook.form_id, Webhook.failing_since, Form.name, Account.id, Account.email)
    .select_from(Webhook)
    .join(Account, Account.id == Webhook.account_id)
)
"""Without labels, since encrypted columns have none."""


def list_failing(limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """Return those that are switched on, the longest failure first, each with its owner and last answer.

    Of the URL only the host: chat services put a token into it.
    """
    conditions: list[Any] = [Webhook.failing_since.is_not(None), Webhook.enabled.is_(True)]
    position = decode_cursor(cursor, datetime.fromisoformat, uuid.UUID)
    if position:
        conditions.append(tuple_(Webhook.failing_since, Webhook.id) > tuple_(*position))
    query = existing(FAILURES.where(*conditions)).order_by(Webhook.failing_since, Webhook.id).limit(limit + 1)
    page = paginate(db.session.execute(query).all(), limit, lambda row: (row.failing_since.isoformat(), row[0]))
    return Page([_describe(row) for row in page.items], page.next)


def _describe(row: Any) -> dict[str, Any]:
    webhook_id, url, form_id, since, form_name, owner_id, owner = row
    return {
        "id": webhook_id,
        "host": host_of(url),
        "form_id": form_id,
        "form_name": form_name or form_id,
        "owner_id": owner_id,
        "owner": owner,
        "failing_since": since,
        "last": _last_attempt(webhook_id),
    }


def _last_attempt(webhook_id: uuid.UUID) -> Attempt | None:
    """Return the last attempt among the messages that were tried last: those due latest, in the order of the index."""
    own = (Message.target_index == webhook_index(webhook_id), Message.priority == ROUTINE)
    ids: list[uuid.UUID] = []
    for state in ("waiting", "failed"):
        newest = select(Message.id).where(*own, Message.state == state).order_by(Message.next_attempt_at.desc())
        ids += db.session.scalars(newest.limit(LAST_MESSAGES))
    return db.session.scalar(select(Attempt).where(Attempt.message_id.in_(ids)).order_by(Attempt.at.desc()).limit(1))
