"""Leases on outbox messages, acquired by one conditional UPDATE.

A killed worker's message is due again when its lease ends.
"""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.sql import ColumnElement

from forms_service.database.transactions import rows_changed, write_session
from forms_service.database.types import now
from forms_service.delivery import digests, payloads, schedules, suppressions
from forms_service.delivery.message import DeliveryError, OutgoingMessage, Result, SuppressedError
from forms_service.delivery.models import Attempt, Message
from forms_service.delivery.payloads import MessageRef
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.extensions import db
from forms_service.metrics import DELIVERIES

LEASE_SECONDS = 60
"""Longer than any transport takes to give up."""

MAX_ANSWER_LENGTH = 2048
"""Characters of a stored answer."""

FAILING_ATTEMPTS = 5
FAILING_WINDOW = timedelta(hours=1)

DUE = (Message.state, Message.next_attempt_at)

LOST_ANSWER = "The worker that held the lease died or timed out."
SUPPRESSED_ANSWER = (
    "Not sent: this address is on the suppression list ({reason}). To send mail to it again: "
    "flask mail suppressions remove ADDRESS"
)


@dataclass(frozen=True)
class Lease:
    """A message held until the lease ends."""

    id: uuid.UUID
    channel: str
    kind: str
    attempts: int
    created_at: datetime
    until: datetime


def acquire(message_ids: Collection[uuid.UUID]) -> list[Lease]:
    """Lease those of these messages that are still due and that no other worker has taken.

    Over the recipient's limit, one is held back for a digest instead.
    """
    columns = (Message.id, Message.channel, Message.kind, Message.attempts, Message.created_at, Message.lease_until)
    more = (Message.priority, Message.target_index, Message.lane, Message.digest_id, *DUE)
    # without further conditions: SQLite would read the index of what is due, all of it, instead of these few
    query = select(*columns, *more).where(Message.id.in_(message_ids)).with_for_update(skip_locked=True)
    with write_session():
        rows = db.session.execute(query).all()
        # in the order of the digests' locks: two workers that lock several recipients must not wait for each other
        rows = sorted(rows, key=lambda row: row.target_index)
        leased = [lease for row in rows if (lease := _take(row))]
        db.session.commit()
    return leased


def load_message(lease: Lease) -> OutgoingMessage | None:
    """Decrypt the message; None if erased or the lease is lost. Leaves no transaction open.

    :raises DeliveryError: if unreadable or its subject is deleted
    :raises SuppressedError: if the recipient is
    """
    is_mine = (Message.id == lease.id, Message.lease_until == lease.until)
    columns = (Message.target, Message.payload, Message.about, Message.target_id, Message.target_index)
    row = db.session.execute(select(*columns, Message.priority).where(*is_mine)).one_or_none()
    if row and lease.channel == "mail":
        reason = suppressions.find_reason(row.target_index, row.priority)
        if reason:
            db.session.rollback()
            raise SuppressedError(SUPPRESSED_ANSWER.format(reason=reason))
    is_unreadable = row is not None and bool(unreadable_flag(row.target, row.payload))
    values = _read_values(lease, row) if row and not is_unreadable else None
    db.session.rollback()
    if is_unreadable:
        raise DeliveryError("The message cannot be decrypted.", permanent=True)
    if row is None:
        return None
    if values is None:
        raise DeliveryError("Its subject has been deleted.", permanent=True)
    return OutgoingMessage(
        id=lease.id,
        kind=lease.kind,
        created_at=lease.created_at,
        target=row.target,
        values=values,
    )


def record_attempt(lease: Lease, result: Result) -> None:
    """Record an attempt; without the lease, only if it was sent."""
    final = {"state": result.outcome, "payload": None, "next_attempt_at": now()}
    changes = final if result.outcome != "again" else {"next_attempt_at": _next_attempt_at(lease, result)}
    is_mine = Message.lease_until == lease.until
    conditions = [Message.id == lease.id, *([] if result.outcome == "sent" else [is_mine])]
    if lease.kind == digests.KIND and result.outcome != "again" and _exists(conditions):
        digests.settle(lease.id, result.outcome)
    with write_session():
        if _update(conditions, lease_until=None, **changes):
            db.session.add(_attempt(lease, result))
            if result.bad_address:
                suppressions.add(result.bad_address, "bounce", result.answer)
            db.session.commit()
    DELIVERIES.labels(lease.channel, result.outcome).inc()


def is_failing(channel: str) -> bool:
    """Whether the last FAILING_ATTEMPTS within FAILING_WINDOW all failed."""
    recent = (Attempt.channel == channel, Attempt.outcome != "suppressed", Attempt.at > now() - FAILING_WINDOW)
    last = select(Attempt.outcome).where(*recent).order_by(Attempt.at.desc()).limit(FAILING_ATTEMPTS)
    outcomes = db.session.scalars(last).all()
    db.session.rollback()
    return len(outcomes) == FAILING_ATTEMPTS and "sent" not in outcomes


def _read_values(lease: Lease, row: Any) -> dict[str, Any] | None:
    if row.payload is None:
        return payloads.load_payload(MessageRef(lease.id, lease.kind, row.about, row.target_id, lease.created_at))
    values: dict[str, Any] = json.loads(row.payload)
    return values


def _take(row: Any) -> Lease | None:
    until = now() + timedelta(seconds=LEASE_SECONDS)
    is_due = (Message.id == row.id, Message.state == "waiting", Message.next_attempt_at <= now())
    was_lost = row.lease_until is not None
    attempts = row.attempts if was_lost else row.attempts + 1
    if row.state != "waiting" or row.next_attempt_at > now():
        return None
    if digests.is_over_limit(row):
        digests.hold_back(row)
        return None
    if not _update(is_due, lease_until=until, next_attempt_at=until, attempts=attempts):
        return None
    if was_lost:
        db.session.add(Attempt(message_id=row.id, channel=row.channel, outcome="lost", answer=LOST_ANSWER))
    return Lease(row.id, row.channel, row.kind, attempts, row.created_at, until)


def _attempt(lease: Lease, result: Result) -> Attempt:
    return Attempt(
        message_id=lease.id,
        channel=lease.channel,
        outcome=result.outcome,
        status=result.reply.status,
        duration=None if result.seconds is None else round(result.seconds * 1000),
        answer=result.answer[:MAX_ANSWER_LENGTH],
    )


def _next_attempt_at(lease: Lease, result: Result) -> datetime:
    delay = schedules.next_delay(lease.channel, lease.attempts, result.reply.retry_after)
    return now() + timedelta(seconds=delay or 0.0)


def _exists(where: Sequence[ColumnElement[bool]]) -> bool:
    return db.session.scalar(select(Message.id).where(*where)) is not None


def _update(where: Sequence[ColumnElement[bool]], **values: object) -> bool:
    statement = update(Message).where(*where).values(values).execution_options(synchronize_session=False)
    return rows_changed(statement) == 1
