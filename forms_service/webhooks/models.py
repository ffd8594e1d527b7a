"""Table of webhooks."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

FAILING = text("failing_since IS NOT NULL")


class Webhook(Model):
    """An endpoint of an owner; chat services put a token into its URL."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_failing", "failing_since", sqlite_where=FAILING, postgresql_where=FAILING),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    form_id: Mapped[str | None] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), index=True)
    """None for all forms of the account."""

    url: Mapped[str] = mapped_column(Encrypted("webhooks.url"))
    description: Mapped[str] = mapped_column(Encrypted("webhooks.description"))
    events: Mapped[str] = mapped_column(String(200))
    """Separated by spaces."""

    conditions: Mapped[str | None] = mapped_column(Encrypted("webhooks.conditions"))
    """JSON: `when`."""

    format: Mapped[str] = mapped_column(String(20))
    template: Mapped[str | None] = mapped_column(Encrypted("webhooks.template"))
    """JSON."""

    headers: Mapped[str] = mapped_column(Encrypted("webhooks.headers"))
    """JSON: name → value."""

    secret: Mapped[str] = mapped_column(Encrypted("webhooks.secret"))
    previous_secret: Mapped[str | None] = mapped_column(Encrypted("webhooks.previous_secret"))
    previous_secret_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Of the first failure since the last success."""

    warnings: Mapped[int] = mapped_column(SmallInteger, default=0)
    """Mails about this failure."""

    warned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
