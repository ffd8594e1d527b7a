"""The outbox: a row for each message, committed with what caused it; and what is done from time to time."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

CHANNELS = ("mail", "webhook")
STATES = ("waiting", "sent", "failed")
URGENT, ROUTINE = 0, 1
"""Priorities: what somebody waits for (account mails), and what may come many at once (notifications)."""


HELD = text("digest_id IS NOT NULL")


class Message(Model):
    """One message on its way. Whom it goes to and what it says is encrypted; what it says is gone once it was sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(one_of("channel", CHANNELS), name="channel"),
        CheckConstraint(one_of("state", STATES), name="state"),
        Index("ix_outbox_due", "state", "priority", "next_attempt_at"),
        Index("ix_outbox_target", "target_index", "priority", "state", "next_attempt_at"),
        Index("ix_outbox_digest", "digest_id", sqlite_where=HELD, postgresql_where=HELD),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(default=URGENT, server_default="0")
    """The lower is sent first."""

    digest_id: Mapped[uuid.UUID | None]
    """The digest that says of this message that there was one; it is not sent by itself then."""

    about: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """The account or submission it is about, with which it is erased."""

    target: Mapped[str] = mapped_column(Encrypted("outbox.target"))
    target_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    payload: Mapped[str | None] = mapped_column(Encrypted("outbox.payload"))
    """JSON; None where it is read when it is sent (`payloads.py`), and once it was or was given up."""

    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a worker took it in hand, also those that did not come back."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    next_attempt_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    """When it is due; while a worker has it in hand, when the lease ends; after the last attempt, when that was."""

    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """While a worker has it in hand; after that it is anybody's again."""


class Attempt(Model):
    """One try at sending a message, and what the other side answered."""

    __tablename__ = "delivery_attempts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    """`sent`, `again`, `failed`, or `lost`: the worker that had it in hand did not come back."""

    answer: Mapped[str] = mapped_column(Encrypted("delivery_attempts.answer"))
