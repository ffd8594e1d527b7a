"""Deliveries of one webhook, tests and last events of submissions too, for whoever manages it."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, ScalarSelect, Select, column, select, values
from sqlalchemy.orm import InstrumentedAttribute

from forms_service.accounts.guards import Caller
from forms_service.delivery.models import ROUTINE, STATES, URGENT, Message
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.notifications.deliveries.queries import select_deliveries
from forms_service.notifications.deliveries.service import as_dicts
from forms_service.webhooks.endpoints import get_owned_webhook, webhook_index

MAX_PER_STATE = 25
"""Deliveries that a log shows, the newest of each state."""


class Summary(NamedTuple):
    """Last failure and last success of a webhook."""

    failure: dict[str, Any] | None
    """The last failed attempt, as `delivery` and `attempt`, unless it was delivered later."""

    last_success: datetime | None
    """None if nothing was delivered within 30 days."""


def list_deliveries(webhook_id: uuid.UUID, caller: Caller) -> list[dict[str, Any]]:
    """Return the newest deliveries of a webhook.

    :raises NotFoundError: also for another owner's
    """
    get_owned_webhook(webhook_id, caller)
    return _newest(webhook_id, STATES, MAX_PER_STATE)


def find(webhook_id: uuid.UUID, delivery_id: uuid.UUID, caller: Caller) -> dict[str, Any]:
    """Return a delivery of a webhook.

    :raises NotFoundError: also for another webhook's
    """
    get_owned_webhook(webhook_id, caller)
    row = db.session.execute(_of(webhook_id).where(Message.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFoundError()
    return as_dicts([row])[0]


def summarize(webhook_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Summary]:
    """Return how webhooks fare that the caller may see, in a few queries for all of them; tests do not count."""
    if not webhook_ids:
        return {}
    ids = {webhook_index(webhook_id): webhook_id for webhook_id in webhook_ids}
    rows = {ids[bytes(row.target)]: row for row in db.session.execute(_last_of_each(list(ids)))}
    failed = [identity for row in rows.values() for identity in (row.failed, row.waiting) if identity]
    deliveries = as_dicts(db.session.execute(select_deliveries().where(Message.id.in_(failed))).all())
    by_id = {delivery["id"]: delivery for delivery in deliveries}
    return {
        webhook_id: Summary(_last_failure([by_id.get(row.failed), by_id.get(row.waiting)]), row.sent_at)
        for webhook_id, row in rows.items()
    }


def _last_of_each(targets: Sequence[bytes]) -> Select[Any]:
    table = values(column("target", LargeBinary), name="targets").data([(target,) for target in targets]).cte("targets")

    def last(what: InstrumentedAttribute[Any], state: str, *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
        # as the index is ordered: what waits for a retry comes before what waits for its first attempt
        is_its = (Message.target_index == table.c.target, Message.priority == ROUTINE, Message.state == state)
        query = select(what).where(*is_its, *conditions).order_by(Message.next_attempt_at.desc()).limit(1)
        return query.correlate(table).scalar_subquery()

    return select(
        table.c.target,
        last(Message.id, "failed").label("failed"),
        last(Message.id, "waiting", Message.attempts > 0).label("waiting"),
        last(Message.next_attempt_at, "sent").label("sent_at"),
    )


def _last_failure(deliveries: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    failures = [
        {"delivery": delivery, "attempt": delivery["attempts"][-1]}
        for delivery in deliveries
        if delivery and delivery["attempts"]
    ]
    return max(failures, key=lambda failure: failure["attempt"].at, default=None)


def _newest(webhook_id: uuid.UUID, states: Sequence[str], limit: int) -> list[dict[str, Any]]:
    # by state, as the index is ordered: all that a busy webhook has had would take long to sort
    queries = [_by_state(webhook_id, state, priority) for state, priority in product(states, (URGENT, ROUTINE))]
    return as_dicts([row for query in queries for row in db.session.execute(query.limit(limit))])


def _by_state(webhook_id: uuid.UUID, state: str, priority: int) -> Select[Any]:
    query = _of(webhook_id).where(Message.priority == priority, Message.state == state)
    return query.order_by(Message.next_attempt_at.desc())


def _of(webhook_id: uuid.UUID) -> Select[Any]:
    return select_deliveries().where(Message.target_index == webhook_index(webhook_id))
