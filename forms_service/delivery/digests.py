"""Digests: after MAX_MAILS notifications, a recipient gets one mail that counts the rest.

The caller commits each step but `settle`, so a killed worker loses nothing.
"""

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, update

from forms_service.database.transactions import give_way, lock_until_commit, write_session
from forms_service.database.types import new_id, now
from forms_service.delivery.models import ROUTINE, Message
from forms_service.extensions import db

KIND = "digest"
KINDS = (KIND, "recipient_digest")
"""Never held back: each stands for many already."""

MAX_MAILS = 20
"""To one recipient within WINDOW."""

WINDOW = timedelta(minutes=10)
DELAY = timedelta(minutes=1)
"""Before the first digest; WINDOW separates the next."""

HOLD = timedelta(days=30)
"""Outlasts a digest's retries; then its messages are sent singly."""

BATCH_SIZE = 500
"""Messages per transaction: on SQLite, submissions wait for it."""


def is_over_limit(message: Any) -> bool:
    """Whether the recipient has MAX_MAILS within WINDOW, sent or in flight.

    On PostgreSQL, locks the recipient until the transaction ends.
    """
    if message.priority != ROUTINE or message.channel != "mail" or message.kind in KINDS or message.digest_id:
        return False
    lock_until_commit(message.target_index)
    moment = now()
    sent = and_(Message.state == "sent", Message.next_attempt_at > moment - WINDOW)
    in_flight = and_(
        Message.state == "waiting",
        Message.lease_until > moment,
        Message.next_attempt_at.between(moment, moment + WINDOW),
    )
    # one statement: between two, a message in flight could become sent and be counted in neither
    query = select(func.count()).select_from(Message).where(*_routine(message), or_(sent, in_flight))
    return (db.session.scalar(query.where(Message.id != message.id)) or 0) >= MAX_MAILS


def hold_back(message: Any) -> None:
    """Bind what is due for this recipient, BATCH_SIZE at most, to the next digest."""
    moment = now()
    digest_id = _open_digest(message) or _new_digest(message, moment)
    due = select(Message.id).where(
        *_routine(message),
        Message.state == "waiting",
        Message.next_attempt_at <= moment,
        or_(Message.lease_until.is_(None), Message.lease_until <= moment),
    )
    held = {"digest_id": digest_id, "lease_until": None, "next_attempt_at": moment + HOLD}
    _update(Message.id.in_(due.limit(BATCH_SIZE).with_for_update(skip_locked=True)), **held)


def settle(digest_id: uuid.UUID, outcome: str) -> None:
    """Give a digest's messages its outcome, and commit; before that of the digest, so that a retry goes on with it."""
    target_index = db.session.scalar(select(Message.target_index).where(Message.id == digest_id))
    # by the recipient: those that are settled already are out of the way in this index
    same = (Message.target_index == target_index, Message.priority == ROUTINE, Message.state == "waiting")
    batch = select(Message.id).where(*same, Message.digest_id == digest_id).limit(BATCH_SIZE)
    is_last = False
    while not is_last:
        started = time.monotonic()
        with write_session():
            # counted before the update: PostgreSQL leaves out rows that are erased while it waits for their locks
            ids = db.session.scalars(batch).all()
            # outside WINDOW, so that none counts as a mail
            _update(Message.id.in_(ids), state=outcome, next_attempt_at=now() - WINDOW)
            db.session.commit()
        is_last = len(ids) < BATCH_SIZE
        give_way(started)


def subjects(digest_id: uuid.UUID) -> Select[uuid.UUID | None]:
    """Select the subjects of a digest's messages."""
    return select(Message.about).where(Message.digest_id == digest_id, Message.state == "waiting")


def target_ids(digest_id: uuid.UUID) -> Select[uuid.UUID | None]:
    """Select the recipients of a digest's messages."""
    return select(Message.target_id).where(Message.digest_id == digest_id, Message.target_id.is_not(None)).distinct()


def drop_empty(digest_ids: list[uuid.UUID]) -> None:
    """Delete digests that hold no message."""
    if digest_ids:
        member = Message.__table__.alias()
        held = exists(select(member.c.id).where(member.c.digest_id == Message.id))
        db.session.execute(delete(Message).where(Message.id.in_(digest_ids), ~held))


def _routine(message: Any) -> tuple[Any, ...]:
    same = (Message.target_index == message.target_index, Message.priority == ROUTINE)
    return (*same, Message.channel == "mail", Message.kind.not_in(KINDS), Message.digest_id.is_(None))


def _digests(message: Any) -> tuple[Any, ...]:
    return (Message.target_index == message.target_index, Message.priority == ROUTINE, Message.kind == KIND)


def _open_digest(message: Any) -> uuid.UUID | None:
    # a leased digest is already being written
    waiting = (*_digests(message), Message.state == "waiting", Message.lease_until.is_(None))
    return db.session.scalar(select(Message.id).where(*waiting).limit(1).with_for_update(skip_locked=True))


def _new_digest(message: Any, moment: datetime) -> uuid.UUID:
    recent = (Message.state.in_(("sent", "waiting")), Message.next_attempt_at > moment - WINDOW)
    last = db.session.scalar(select(func.max(Message.next_attempt_at)).where(*_digests(message), *recent))
    due = max(moment + DELAY, last + WINDOW) if last else moment + DELAY
    target = db.session.scalars(select(Message.target).where(Message.id == message.id)).one()
    digest = Message(id=new_id(), channel="mail", kind=KIND, priority=ROUTINE, target=target, next_attempt_at=due)
    digest.target_index, digest.lane, digest.about = message.target_index, message.lane, digest.id
    db.session.add(digest)
    db.session.flush()
    return digest.id


def _update(*where: Any, **values: Any) -> None:
    db.session.execute(update(Message).where(*where).values(values).execution_options(synchronize_session=False))
