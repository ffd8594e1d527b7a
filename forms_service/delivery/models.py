"""The outbox: one row per message, committed together with its cause."""

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
"""Priorities: mails that somebody waits for (accounts), and those that come in bulk (notifications)."""


HELD = text("digest_id IS NOT NULL")


class Message(Model):
    """A queued message. Recipient and payload are encrypted; the payload is deleted once it was sent."""

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
    """Lower is sent first."""

    digest_id: Mapped[uuid.UUID | None]
    """The digest that covers this message, which is then not sent by itself."""

    about: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """The account or submission it is about; erased with it."""

    target: Mapped[str] = mapped_column(Encrypted("outbox.target"))
    target_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    payload: Mapped[str | None] = mapped_column(Encrypted("outbox.payload"))
    """JSON; None if it is loaded at send time (`payloads.py`), and once it was sent or given up."""

    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    """Leases taken, lost ones included."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    next_attempt_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    """Due time; while leased, the lease's end; afterwards, the time of the last attempt."""

    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """End of the current lease; any worker may take it afterwards."""


class Attempt(Model):
    """An attempt to send a message, with the receiver's reply."""

    __tablename__ = "delivery_attempts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    """`sent`, `again` (to be retried), `failed`, or `lost`: the worker died while it held the lease."""

    answer: Mapped[str] = mapped_column(Encrypted("delivery_attempts.answer"))
