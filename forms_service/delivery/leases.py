"""Who has a message in hand: taking one, and writing down what became of it.

Any number of workers take from one outbox. A claim is one conditional UPDATE; it ends with the lease, so that what a
killed worker had in hand goes again.
"""

import json
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.sql import ColumnElement

from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import digests, payloads
from forms_service.delivery.message import DeliveryError, Parcel
from forms_service.delivery.models import ROUTINE, URGENT, Attempt, Message
from forms_service.encryption.associated_data import unreadable
from forms_service.extensions import db
from forms_service.metrics import DELIVERIES

LEASE = 60
"""Seconds for which a message is one worker's; a sender gives up well before."""

FIRST_DELAYS = (5.0, 30.0)
"""Seconds until the second and the third attempt."""

GROWTH = 3
MAX_DELAY = 6 * 3600.0
JITTER = 0.2
KEEP_TRYING = timedelta(days=4)
"""How long what is temporary is tried again."""

LOOKED_AT = 5
LOOKED_BACK = timedelta(hours=1)
"""How many of the last attempts tell whether a channel works, and how old they may be."""

LOST = "The worker that held the lease died or timed out."


@dataclass(frozen=True)
class Claim:
    """A message that is this worker's until the lease ends."""

    id: uuid.UUID
    channel: str
    kind: str
    attempts: int
    created_at: datetime
    until: datetime
    held: bool = False
    """Whether it was held back for a digest, with all else that is due for its recipient: there is nothing to send."""


def claim(*channels: str, only: uuid.UUID | None = None) -> Claim | None:
    """Take the most urgent message that has been due for longest, or `only` that one; None when none is due.

    One that is too much for its recipient is held back for a digest instead, and says so.
    """
    due = [Message.state == "waiting", Message.next_attempt_at <= now(), Message.channel.in_(channels)]
    if only is not None:
        due.append(Message.id == only)
    if not _any(due):
        return None
    with write_session():
        found = _first(due, lock=True)
        if found is None:
            return None
        if digests.is_over_limit(found):
            digests.hold_back(found)
            db.session.commit()
            return Claim(found.id, found.channel, found.kind, 0, now(), now(), held=True)
        taken = _take(found.id, due)
        if taken and found.lease_until:
            db.session.add(Attempt(message_id=taken.id, channel=taken.channel, outcome="lost", answer=LOST))
        db.session.commit()
        return taken


def parcel(claimed: Claim) -> Parcel | None:
    """What is to be sent, decrypted; None if it was erased or is another's by now. No transaction is open afterwards.

    :raises DeliveryError: when there is nothing to say any more
    """
    mine = (Message.id == claimed.id, Message.lease_until == claimed.until)
    query = select(Message.target, Message.payload, Message.about).where(*mine)
    found = db.session.execute(query).one_or_none()
    broken = found is not None and bool(unreadable(found.target, found.payload))
    values = _values(claimed.kind, found) if found and not broken else None
    db.session.rollback()
    if broken:
        raise DeliveryError("The message cannot be decrypted.", permanent=True)
    if found is None:
        return None
    if values is None:
        raise DeliveryError("Its subject has been deleted.", permanent=True)
    return Parcel(
        id=claimed.id,
        kind=claimed.kind,
        created_at=claimed.created_at,
        target=found.target,
        values=values,
    )


def record(claimed: Claim, answer: str, *, outcome: str) -> None:
    """Write down what became of an attempt: `sent`, `again` or `failed`.

    What was sent is sent, whoever has it in hand by now; the rest is for the holder of the lease to say.
    """
    over = {"state": outcome, "payload": None, "next_attempt_at": now()}
    changes = over if outcome != "again" else {"next_attempt_at": _next(claimed)}
    still_mine = Message.lease_until == claimed.until
    same = [Message.id == claimed.id, *([] if outcome == "sent" else [still_mine])]
    with write_session():
        if _update(same, lease_until=None, **changes):
            db.session.add(Attempt(message_id=claimed.id, channel=claimed.channel, outcome=outcome, answer=answer))
            if claimed.kind == digests.KIND and outcome != "again":
                digests.settle(claimed.id, outcome)
            db.session.commit()
    DELIVERIES.labels(claimed.channel, outcome).inc()


def expires(claimed: Claim) -> bool:
    """Whether the time for trying again is over: the next attempt might come too late."""
    latest = timedelta(seconds=delay(claimed.attempts) * (1 + JITTER))
    return now() + latest > claimed.created_at + KEEP_TRYING


def keeps_failing(channel: str) -> bool:
    """Whether each of the last attempts failed, of those of the last hour; one alone says nothing."""
    recent = (Attempt.channel == channel, Attempt.at > now() - LOOKED_BACK)
    last = select(Attempt.outcome).where(*recent).order_by(Attempt.at.desc()).limit(LOOKED_AT)
    outcomes = db.session.scalars(last).all()
    db.session.rollback()
    return len(outcomes) == LOOKED_AT and "sent" not in outcomes


def delay(attempts: int) -> float:
    """Seconds until a message that was tried so often is tried again, before jitter."""
    if attempts <= len(FIRST_DELAYS):
        return FIRST_DELAYS[attempts - 1]
    grown = FIRST_DELAYS[-1] * float(GROWTH) ** min(attempts - len(FIRST_DELAYS), 20)
    return min(grown, MAX_DELAY)


def _values(kind: str, found: Any) -> dict[str, Any] | None:
    if found.payload is None:
        return payloads.said(kind, found.about)
    values: dict[str, Any] = json.loads(found.payload)
    return values


def _next(claimed: Claim) -> datetime:
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (so that not all try again at once; no secret)
    return now() + timedelta(seconds=delay(claimed.attempts) * spread)


def _any(due: list[ColumnElement[bool]]) -> bool:
    """A look that takes no lock: most of the time there is nothing to do."""
    found = _first(due)
    db.session.rollback()
    return found is not None


def _first(due: list[ColumnElement[bool]], *, lock: bool = False) -> Any:
    """The message that is next; each priority is looked up by itself, so that what is held back is not read."""
    plain = (Message.id, Message.channel, Message.kind, Message.lease_until)
    columns = (*plain, Message.priority, Message.target_index, Message.digest_id)
    for priority in (URGENT, ROUTINE):
        query = select(*columns).where(Message.priority == priority, *due).order_by(Message.next_attempt_at).limit(1)
        found = db.session.execute(query.with_for_update(skip_locked=True) if lock else query).first()
        if found:
            return found
    return None


def _take(identity: uuid.UUID, due: list[ColumnElement[bool]]) -> Claim | None:
    until = now() + timedelta(seconds=LEASE)
    mine = {"lease_until": until, "next_attempt_at": until, "attempts": Message.attempts + 1}
    if not _update([Message.id == identity, *due], **mine):
        return None
    columns = (Message.id, Message.channel, Message.kind, Message.attempts, Message.created_at)
    return Claim(*db.session.execute(select(*columns).where(Message.id == identity)).one(), until)


def _update(where: list[ColumnElement[bool]], **values: object) -> bool:
    statement = update(Message).where(*where).values(values).execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount == 1
