"""Leases on outbox messages, acquired by one conditional UPDATE.

A killed worker's message is due again when its lease ends.
"""

import json
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.sql import ColumnElement

from forms_service.database.transactions import rows_changed, write_session
from forms_service.database.types import now
from forms_service.delivery import digests, payloads, suppressions
from forms_service.delivery.message import DeliveryError, OutgoingMessage, SuppressedError
from forms_service.delivery.models import ROUTINE, URGENT, Attempt, Message
from forms_service.delivery.payloads import MessageRef
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.extensions import db
from forms_service.metrics import DELIVERIES

LEASE_SECONDS = 60
"""Longer than any transport takes to give up."""

FIRST_DELAYS = (5.0, 30.0)
"""Seconds."""

BACKOFF_FACTOR = 3
MAX_DELAY = 6 * 3600.0
JITTER = 0.2
MAX_AGE = timedelta(days=4)
"""Temporary failures are retried up to this age."""

FAILING_ATTEMPTS = 5
FAILING_WINDOW = timedelta(hours=1)

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
    held: bool = False
    """Held back for a digest."""


def acquire(*channels: str, only: uuid.UUID | None = None) -> Lease | None:
    """Lease the most urgent, longest due message, or `only` that; None if none is due.

    Over the recipient's limit, it is held back for a digest.
    """
    due = [Message.state == "waiting", Message.next_attempt_at <= now(), Message.channel.in_(channels)]
    if only is not None:
        due.append(Message.id == only)
    if not _is_any_due(due):
        return None
    with write_session():
        row = _find_due(due, lock=True)
        if row is None:
            return None
        if digests.is_over_limit(row):
            digests.hold_back(row)
            db.session.commit()
            return Lease(row.id, row.channel, row.kind, 0, now(), now(), held=True)
        lease = _take_lease(row.id, due)
        if lease and row.lease_until:
            db.session.add(Attempt(message_id=lease.id, channel=lease.channel, outcome="lost", answer=LOST_ANSWER))
        db.session.commit()
        return lease


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


def record_attempt(lease: Lease, answer: str, *, outcome: str, bad_address: str | None = None) -> None:
    """Record an attempt: `sent`, `again`, `failed` or `suppressed`; without the lease, only `sent`.

    A `bad_address`, whose mailbox does not exist, is suppressed.
    """
    final = {"state": outcome, "payload": None, "next_attempt_at": now()}
    changes = final if outcome != "again" else {"next_attempt_at": _next_attempt_at(lease)}
    is_mine = Message.lease_until == lease.until
    conditions = [Message.id == lease.id, *([] if outcome == "sent" else [is_mine])]
    with write_session():
        if _update(conditions, lease_until=None, **changes):
            db.session.add(Attempt(message_id=lease.id, channel=lease.channel, outcome=outcome, answer=answer))
            if lease.kind == digests.KIND and outcome != "again":
                digests.settle(lease.id, outcome)
            if bad_address:
                suppressions.add(bad_address, "bounce", answer)
            db.session.commit()
    DELIVERIES.labels(lease.channel, outcome).inc()


def is_last_attempt(lease: Lease) -> bool:
    """Whether another attempt might exceed MAX_AGE."""
    latest = timedelta(seconds=retry_delay(lease.attempts) * (1 + JITTER))
    return now() + latest > lease.created_at + MAX_AGE


def is_failing(channel: str) -> bool:
    """Whether the last FAILING_ATTEMPTS within FAILING_WINDOW all failed."""
    recent = (Attempt.channel == channel, Attempt.outcome != "suppressed", Attempt.at > now() - FAILING_WINDOW)
    last = select(Attempt.outcome).where(*recent).order_by(Attempt.at.desc()).limit(FAILING_ATTEMPTS)
    outcomes = db.session.scalars(last).all()
    db.session.rollback()
    return len(outcomes) == FAILING_ATTEMPTS and "sent" not in outcomes


def retry_delay(attempts: int) -> float:
    """Return seconds before the next attempt, without jitter."""
    if attempts <= len(FIRST_DELAYS):
        return FIRST_DELAYS[attempts - 1]
    grown = FIRST_DELAYS[-1] * float(BACKOFF_FACTOR) ** min(attempts - len(FIRST_DELAYS), 20)
    return min(grown, MAX_DELAY)


def _read_values(lease: Lease, row: Any) -> dict[str, Any] | None:
    if row.payload is None:
        return payloads.load_payload(MessageRef(lease.id, lease.kind, row.about, row.target_id, lease.created_at))
    values: dict[str, Any] = json.loads(row.payload)
    return values


def _next_attempt_at(lease: Lease) -> datetime:
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (jitter, no secret)
    return now() + timedelta(seconds=retry_delay(lease.attempts) * spread)


def _is_any_due(due: list[ColumnElement[bool]]) -> bool:
    row = _find_due(due)
    db.session.rollback()
    return row is not None


def _find_due(due: list[ColumnElement[bool]], *, lock: bool = False) -> Any:
    plain = (Message.id, Message.channel, Message.kind, Message.lease_until)
    columns = (*plain, Message.priority, Message.target_index, Message.digest_id)
    # one query per priority, so that the index skips held-back messages
    for priority in (URGENT, ROUTINE):
        query = select(*columns).where(Message.priority == priority, *due).order_by(Message.next_attempt_at).limit(1)
        row = db.session.execute(query.with_for_update(skip_locked=True) if lock else query).first()
        if row:
            return row
    return None


def _take_lease(identity: uuid.UUID, due: list[ColumnElement[bool]]) -> Lease | None:
    until = now() + timedelta(seconds=LEASE_SECONDS)
    values = {"lease_until": until, "next_attempt_at": until, "attempts": Message.attempts + 1}
    if not _update([Message.id == identity, *due], **values):
        return None
    columns = (Message.id, Message.channel, Message.kind, Message.attempts, Message.created_at)
    return Lease(*db.session.execute(select(*columns).where(Message.id == identity)).one(), until)


def _update(where: list[ColumnElement[bool]], **values: object) -> bool:
    statement = update(Message).where(*where).values(values).execution_options(synchronize_session=False)
    return rows_changed(statement) == 1
