"""Enqueues and deletes outbox messages, and measures the backlog."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from forms_service.config import settings
from forms_service.database.transactions import lock_until_commit, on_commit, rows_changed, write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import digests, eml_files, payloads
from forms_service.delivery.models import CHANNELS, ROUTINE, URGENT, Attempt, Message
from forms_service.encryption import compiled_sql
from forms_service.encryption.compiled_sql import EncryptedInsert, Row
from forms_service.encryption.keyring import current_key_ring
from forms_service.extensions import db
from forms_service.validation.fields import email_key

TARGET_CONTEXT, LANE_CONTEXT = "outbox.target", "outbox.lane"
LANE_BYTES = 8

RETENTION = timedelta(days=30)
"""Once sent or given up: owners see the attempts of the messages about submissions."""

ACCOUNT_RETENTION = timedelta(days=7)
"""Of mails that have a payload of their own, such as those about an account."""

SWEEP_BATCH = 1000
"""Rows per transaction: others write between two."""

FINAL_STATES = ("sent", "failed", "suppressed")

PROBLEM_WINDOW = timedelta(hours=1)
"""A lane with a failed attempt since then waits for its target; not shorter than the longest open circuit."""

ROWS = EncryptedInsert(Message.__table__)

Ids = Sequence[uuid.UUID] | Select[uuid.UUID]


class Target(NamedTuple):
    """A mail address (`mail_target`) or a webhook."""

    address: str
    blind_index: bytes
    """Of the address or webhook, for limits per target."""

    lane: bytes
    """First LANE_BYTES of the blind index of a mail domain or URL, whose targets share a lane."""

    id: uuid.UUID | None = None
    """Recipient or webhook."""


@dataclass(frozen=True)
class Backlog:
    """Waiting messages, and the oldest one's delay."""

    waiting: int
    oldest_seconds: float


def enqueue_mail(
    kind: str, to: str, values: Mapping[str, Any], *, about: uuid.UUID, max_per_hour: int | None = None
) -> uuid.UUID | None:
    """Queue a mail, sent once the caller commits; None beyond `max_per_hour` of its kind.

    The value `_reply_to` becomes the Reply-To.
    """
    index = address_index(to)
    if max_per_hour is not None and _count_recent(kind, index) >= max_per_hour:
        return None
    message_id = new_id()
    columns = {"target": to, "target_index": index, "lane": _mail_lane(to), "payload": json.dumps(values)}
    db.session.add(Message(id=message_id, channel="mail", kind=kind, about=about, **columns))
    on_commit(wake_worker)
    return message_id


def address_index(address: str) -> bytes:
    """Return an address's blind index."""
    return current_key_ring().index(email_key(address), TARGET_CONTEXT)


def mail_target(address: str, recipient_id: uuid.UUID | None = None) -> Target:
    """Return a mail address as a target."""
    return Target(address, address_index(address), _mail_lane(address), recipient_id)


def message_row(
    channel: str, kind: str, target: Target, *, about: uuid.UUID | None, payload: Mapping[str, Any] | None = None
) -> Row:
    """Return a row for `insert_rows`; without `payload`, it is loaded at send time (`payloads.py`)."""
    moment = now()
    return ROWS, {
        "id": new_id(),
        "channel": channel,
        "kind": kind,
        "priority": ROUTINE,
        "digest_id": None,
        "about": about,
        "target_id": target.id,
        "target": target.address,
        "target_index": target.blind_index,
        "lane": target.lane,
        "payload": None if payload is None else json.dumps(payload),
        "state": "waiting",
        "attempts": 0,
        "created_at": moment,
        "next_attempt_at": moment,
        "lease_until": None,
    }


def insert_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert rows; after the commit, call `wake_worker`."""
    compiled_sql.insert_rows(connection, compiled_sql.prepare_rows(rows, connection.dialect))


def wake_worker() -> None:
    """Wake this process's worker before its next poll."""
    current_app.extensions["outbox_wakeup"].set()


def delete_about(about: Ids) -> None:
    """Delete messages about these subjects; the caller commits."""
    _delete(Message.about.in_(about))


def delete_to(target_ids: Ids, blind_index: bytes = b"") -> None:
    """Delete messages about these recipients, and those to one with this `blind_index`; the caller commits.

    Those about them stay once sent, without address and attempts: they count against `max_per_hour`.
    """
    is_to_them = and_(Message.target_index == blind_index, Message.target_id.in_(target_ids))
    _delete(or_(is_to_them, and_(Message.about.in_(target_ids), Message.state != "sent")))
    for message in db.session.scalars(select(Message).where(Message.about.in_(target_ids))).all():
        message.target = ""
        db.session.execute(delete(Attempt).where(Attempt.message_id == message.id))


def _delete(condition: ColumnElement[bool]) -> None:
    if not settings.smtp_server:
        on_commit(partial(eml_files.remove, db.session.scalars(select(Message.id).where(condition)).all()))
    digest_ids = db.session.scalars(
        select(Message.digest_id).where(condition, Message.digest_id.is_not(None)).distinct()
    ).all()
    db.session.execute(delete(Message).where(condition))
    digests.drop_empty([message_id for message_id in digest_ids if message_id])


def retry_failed(target: Target, since: datetime, limit: int) -> int:
    """Make what a recipient or webhook failed to take since then due again; the caller commits."""
    is_kept = Message.kind.in_(payloads.kinds())  # the others' payloads are gone
    # hidden in coalesce(): SQLite would read everything that failed instead of what this target has
    is_failed = func.coalesce(Message.state, "") == "failed"
    is_to_it = (Message.target_index == target.blind_index, Message.target_id == target.id)
    on_commit(wake_worker)
    return change_some((*is_to_it, is_failed, Message.next_attempt_at >= since, is_kept), new_series(), limit)


def change_some(conditions: Sequence[ColumnElement[bool]], values: Mapping[str, Any], limit: int) -> int:
    """Change up to `limit` messages, and return how many: others wait for the transaction to end."""
    ids = db.session.scalars(select(Message.id).where(*conditions).limit(limit)).all()
    change = update(Message).where(Message.id.in_(ids), *conditions).values(**values)
    return rows_changed(change.execution_options(synchronize_session=False))


def new_series() -> dict[str, Any]:
    """Return columns that make a message due at once with all attempts before it, under the same id."""
    return {"state": "waiting", "attempts": 0, "next_attempt_at": now(), "lease_until": None, "digest_id": None}


def backlog() -> Backlog:
    """Measure the backlog, without what a digest holds.

    Leased messages are not overdue, nor those whose target does not take them.
    """
    is_waiting = Message.state == "waiting"
    recent = (Attempt.outcome == "again", Attempt.at > now() - PROBLEM_WINDOW)
    failing = select(Message.lane).join(Attempt, Attempt.message_id == Message.id).where(*recent)
    healthy = or_(Message.lane.is_(None), Message.lane.not_in(failing.where(Message.lane.is_not(None))))
    is_single = Message.next_attempt_at < now() + digests.HOLD / 2  # no retry is as far away; the index knows
    waiting = db.session.scalar(select(func.count()).select_from(Message).where(is_waiting, is_single)) or 0
    since = db.session.scalar(select(func.min(Message.next_attempt_at)).where(is_waiting, healthy))
    db.session.rollback()
    return Backlog(waiting, max((now() - since).total_seconds(), 0.0) if since else 0.0)


def waiting_by_channel() -> dict[str, tuple[int, datetime | None]]:
    """Return how many messages wait, and when the first of them is due; the index alone answers."""
    query = select(Message.channel, func.count(), func.min(Message.next_attempt_at)).where(Message.state == "waiting")
    rows = {channel: (count, first) for channel, count, first in db.session.execute(query.group_by(Message.channel))}
    return {channel: rows.get(channel, (0, None)) for channel in CHANNELS}


def sweep() -> None:
    """Delete messages and attempts past RETENTION."""
    is_final, moment = Message.state.in_(FINAL_STATES), now()
    for channel, priority in product(CHANNELS, (URGENT, ROUTINE)):  # as the index is ordered
        of_index = (Message.channel == channel, Message.priority == priority)
        _sweep(Message, is_final, *of_index, Message.next_attempt_at < moment - RETENTION)
    account_mails = (Message.channel == "mail", Message.priority == URGENT, Message.kind.not_in(payloads.kinds()))
    _sweep(Message, is_final, *account_mails, Message.next_attempt_at < moment - ACCOUNT_RETENTION)
    _sweep(Attempt, Attempt.at < moment - RETENTION)


def _sweep(model: type[Message | Attempt], *conditions: ColumnElement[bool]) -> None:
    count = SWEEP_BATCH
    while count == SWEEP_BATCH:
        batch = select(model.id).where(*conditions).limit(SWEEP_BATCH)
        with write_session():
            count = rows_changed(delete(model).where(model.id.in_(batch)).execution_options(synchronize_session=False))
            db.session.commit()


def _mail_lane(address: str) -> bytes:
    # one relay serves all mail, so that a mail's target is the domain
    return current_key_ring().index(address.rpartition("@")[2].lower(), LANE_CONTEXT)[:LANE_BYTES]


def _count_recent(kind: str, target_index: bytes) -> int:
    same = (Message.target_index == target_index, Message.priority == URGENT, Message.kind == kind)
    since = Message.created_at > now() - timedelta(hours=1)
    with db.session.no_autoflush:  # the caller's objects must fail at the caller's commit, not here
        lock_until_commit(hashlib.sha256(kind.encode() + target_index).digest())
        return db.session.scalar(select(func.count()).select_from(Message).where(*same, since)) or 0
