"""What people sent: the values, their files, whose addresses are in them, and the keys that make a repeat harmless."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

REFUSALS = ("origin", "origin_null", "challenge", "invalid", "too_large", "limited", "closed")
"""Why a submission was refused; `origin_null` is a page whose browser names no origin, as with `no-referrer`."""

STATUSES = ("inbox", "spam", "archived", "unconfirmed")


class Submission(Model):
    """One submission of a form; its id sorts by when it came.

    Every list, count and deadline of a form is read off the one index `ix_submissions_inbox`.
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
    """JSON: name → value, in the order they were sent."""

    control: Mapped[str | None] = mapped_column(Encrypted("submissions.control"))
    """JSON: the special fields that came with it."""

    spam_reasons: Mapped[str] = mapped_column(String(200), default="")
    """Codes, separated by spaces."""

    client: Mapped[str | None] = mapped_column(Encrypted("submissions.client"))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """A keyed hash of form and content, whoever sent it."""

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    """A keyed hash of form, content and client: two with the same, shortly after each other, are a repeat."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class SubmissionEmail(Model):
    """That an e-mail address stands in a submission, by its blind index."""

    __tablename__ = "submission_people"

    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class IdempotencyKey(Model):
    """A key that a client sent with a submission, and which submission it led to; committed together with that."""

    __tablename__ = "idempotency_keys"

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    submission_id: Mapped[uuid.UUID] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)


class Refusal(Model):
    """How many submissions of a form were refused on a day (UTC), for a reason; nothing of who sent them."""

    __tablename__ = "refusals"
    __table_args__ = (CheckConstraint(one_of("reason", REFUSALS), name="reason"),)

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(12), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
