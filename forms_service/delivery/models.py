"""The transactional outbox: one row per message, committed with its cause."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

CHANNELS = ("mail", "webhook")
STATES = ("waiting", "sent", "failed", "suppressed")
REASONS = ("bounce", "complaint", "unsubscribe", "operator")
"""Of a suppression."""

URGENT, ROUTINE = 0, 1
"""Account mails that somebody awaits, and bulk notifications."""


HELD = text("digest_id IS NOT NULL")


class Message(Model):
    """A queued message; recipient and payload are encrypted."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(one_of("channel", CHANNELS), name="channel"),
        CheckConstraint(one_of("state", STATES), name="state"),
        Index("ix_outbox_due", "state", "channel", "priority", "next_attempt_at", "lane"),
        Index("ix_outbox_target", "target_index", "priority", "state", "next_attempt_at"),
        Index("ix_outbox_digest", "digest_id", sqlite_where=HELD, postgresql_where=HELD),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(default=URGENT, server_default="0")

    digest_id: Mapped[uuid.UUID | None]
    """The digest that is sent instead."""

    about: Mapped[uuid.UUID | None] = mapped_column(index=True)
    """Account or submission; erased with it."""

    target_id: Mapped[uuid.UUID | None]
    """Recipient or webhook; found by `target_index`, since an index more costs each submission a tenth."""

    target: Mapped[str] = mapped_column(Encrypted("outbox.target"))
    target_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    lane: Mapped[bytes | None] = mapped_column(LargeBinary(8))
    """Start of the blind index of the endpoint or the mail domain: what shares a circuit."""

    payload: Mapped[str | None] = mapped_column(Encrypted("outbox.payload"))
    """JSON; None if loaded at send time (`payloads.py`), or once settled."""

    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    """Of this series, without lost leases."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    next_attempt_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    """Due time, or the lease's end; afterwards the last attempt."""

    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Attempt(Model):
    """A send attempt, with the receiver's reply."""

    __tablename__ = "delivery_attempts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    """`sent`, `again` (retry), `failed`, `suppressed` or `lost` (the lease expired)."""

    status: Mapped[int | None]
    """HTTP status, or SMTP reply code."""

    duration: Mapped[int | None]
    """Milliseconds."""

    answer: Mapped[str] = mapped_column(Encrypted("delivery_attempts.answer"))


class Suppression(Model):
    """An address that gets no mail, found by its blind index."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint(one_of("reason", REASONS), name="reason"),
        UniqueConstraint("address_index"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str | None] = mapped_column(Encrypted("suppressions.address"))
    """None once its person was erased."""

    reason: Mapped[str] = mapped_column(String(12))
    detail: Mapped[str | None] = mapped_column(Encrypted("suppressions.detail"))
    """The server's or provider's words."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
