"""Tables of double opt-ins, of replies counted against the limits, and of forms whose replies are off."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

REPLY, OPT_IN = "reply", "opt_in"
"""Kinds of mail to people, in the outbox too."""

KINDS = (REPLY, OPT_IN)


class OptIn(Model):
    """Proof of a double opt-in; after a withdrawal, without personal data."""

    __tablename__ = "opt_ins"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """The submission's, also once that is erased."""

    submission_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), unique=True
    )
    """Null after a withdrawal."""

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    token: Mapped[str | None] = mapped_column(Encrypted("opt_ins.token"))
    """For the mails sent again, and the link to withdraw in later ones."""

    subject: Mapped[str | None] = mapped_column(Encrypted("opt_ins.subject"))
    text: Mapped[str | None] = mapped_column(Encrypted("opt_ins.text"))
    """As sent, with the token."""

    link: Mapped[str] = mapped_column(Text)
    """URL of the page, without the token."""

    client: Mapped[str | None] = mapped_column(Encrypted("opt_ins.client"))
    """IP address that confirmed, as far as the form's `store_ip` keeps it."""

    mails: Mapped[int] = mapped_column(default=1)
    """Enqueued so far."""

    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SentReply(Model):
    """A mail to a person, counted against the limits; erased after the longest of them."""

    __tablename__ = "sent_replies"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        Index("ix_sent_replies_kind", "kind", "created_at"),
        Index("ix_sent_replies_address", "address_index", "kind", "created_at"),
        Index("ix_sent_replies_form", "form_id", "kind", "created_at"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """The outbox message: its retries are not counted."""

    kind: Mapped[str] = mapped_column(String(10))
    form_id: Mapped[str | None] = mapped_column(ForeignKey("forms.id", ondelete="SET NULL"))
    """An erased form's replies still count against the other limits."""

    address_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Blind index of the address without its tag."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class ReplySwitch(Model):
    """A form whose automatic replies a surge has switched off."""

    __tablename__ = "reply_switches"

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    off_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
