"""Recipients of a form, and the submissions that wait for their next digest."""

import json
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

FREQUENCIES = ("instant", "hourly", "daily", "weekly")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CONTENTS = ("full", "summary", "none")
FILES = ("link", "attach", "none")
STATUSES = ("pending", "active", "unsubscribed")
"""As stored; `suppressed` follows from the suppression list."""


class Recipient(Model):
    """Somebody whom a form tells by mail."""

    __tablename__ = "recipients"
    __table_args__ = (
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(one_of("frequency", FREQUENCIES), name="frequency"),
        CheckConstraint(one_of("content", CONTENTS), name="content"),
        CheckConstraint(one_of("files", FILES), name="files"),
        UniqueConstraint("form_id", "email_index"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(Encrypted("recipients.email"))
    """None for the form's owner, whose account has it, and once removed."""

    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """As in the outbox and the suppression list; None for the owner."""

    is_owner: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(12), default="pending")
    frequency: Mapped[str] = mapped_column(String(8), default="instant")
    hour: Mapped[int] = mapped_column(SmallInteger, default=8)
    weekday: Mapped[str] = mapped_column(String(9), default=WEEKDAYS[0])
    timezone: Mapped[str] = mapped_column(String(100), default="UTC")
    content: Mapped[str] = mapped_column(String(8), default="full")
    files: Mapped[str] = mapped_column(String(8), default="link")
    conditions: Mapped[str | None] = mapped_column(Encrypted("recipients.conditions"))
    """JSON for `form_schema.conditions.matches`."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Removed by the owner after unsubscribing: only the blind index is left, so that adding it again mails nobody."""

    next_digest_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    last_digest_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def parsed_conditions(self) -> list[dict[str, Any]] | None:
        conditions: list[dict[str, Any]] | None = json.loads(self.conditions) if self.conditions else None
        return conditions


class DigestEntry(Model):
    """A submission that a recipient learns of by digest; erased with it."""

    __tablename__ = "digest_entries"
    __table_args__ = (Index("ix_digest_entries_recipient_id", "recipient_id", "message_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    recipient_id: Mapped[uuid.UUID]
    """No foreign key: a recipient removed a moment ago must not fail somebody's submission."""

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[uuid.UUID | None]
    """The digest that lists it; None while it waits."""
