"""Tables of submissions, their e-mail addresses, idempotency keys and refusals."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

REFUSALS = ("origin", "origin_null", "challenge", "invalid", "too_large", "limited", "closed")
"""`origin_null`: as sent with Referrer-Policy `no-referrer`."""

STATUSES = ("inbox", "spam", "archived", "unconfirmed")


class Submission(Model):
    """A submission; ids sort by time.

    `ix_submissions_inbox` answers every list, count and deadline.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint(one_of("status", STATUSES), name="status"),
        Index("ix_submissions_inbox", "form_id", "status", "created_at", "id", "read"),
        Index("ix_submissions_content_hash", "content_hash", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"))
    form_version: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    read: Mapped[bool] = mapped_column(default=False)
    data: Mapped[str] = mapped_column(Encrypted("submissions.data"))
    """JSON, in the order sent."""

    control: Mapped[str | None] = mapped_column(Encrypted("submissions.control"))
    """JSON: the special fields."""

    spam_reasons: Mapped[str] = mapped_column(String(200), default="")
    """Codes, separated by spaces."""

    client: Mapped[str | None] = mapped_column(Encrypted("submissions.client"))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Keyed hash of form and content."""

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Keyed hash of form, content and client; finds duplicates."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    marked_spam_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When a member last moved it to spam; null while only the service may have."""


class SubmissionEmail(Model):
    """Blind index of an e-mail address in a submission."""

    __tablename__ = "submission_people"

    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class IdempotencyKey(Model):
    """An idempotency key and its submission, committed together."""

    __tablename__ = "idempotency_keys"

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    submission_id: Mapped[uuid.UUID] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)


class Refusal(Model):
    """Refused submissions by form, day (UTC) and reason."""

    __tablename__ = "refusals"
    __table_args__ = (CheckConstraint(one_of("reason", REFUSALS), name="reason"),)

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(12), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
