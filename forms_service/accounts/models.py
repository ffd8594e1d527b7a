"""Account tables."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, true
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

EMAIL_CONTEXT = "accounts.email"
ROLES = ("user", "owner", "operator")
"""`owner` may have forms and API keys; `operator` sees all forms."""

STATUSES = ("pending", "active", "disabled")
PURPOSES = ("confirm", "reset", "email")
SCOPES = ("forms:read", "forms:write", "submissions:read", "submissions:write", "tokens:introspect")
"""Of API keys."""

SESSION_LIFETIME = timedelta(days=30)
"""From the last refresh."""


class Account(Model):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(one_of("role", ROLES), name="role"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Encrypted(EMAIL_CONTEXT))
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    first_name: Mapped[str] = mapped_column(Encrypted("accounts.first_name"))
    last_name: Mapped[str] = mapped_column(Encrypted("accounts.last_name"))
    phone: Mapped[str | None] = mapped_column(Encrypted("accounts.phone"))
    password_hash: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    timezone: Mapped[str] = mapped_column(String(100), default="UTC", server_default="UTC")
    """IANA name, for times in the console."""

    shortcuts: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether single keys act in the console."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Session(Model):
    """Extended by each refresh."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    client: Mapped[str | None] = mapped_column(Encrypted("sessions.client"))
    user_agent: Mapped[str | None] = mapped_column(Encrypted("sessions.user_agent"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class KnownPlace(Model):
    """Network or browser of an earlier sign-in; strangers' failures do not lock it out."""

    __tablename__ = "known_places"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """Keyed hash."""

    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class RefreshToken(Model):
    """Kept after use, to detect reuse."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Token(Model):
    """Single-use; proves control of the address."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint(one_of("purpose", PURPOSES), name="purpose"),)

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    payload: Mapped[str | None] = mapped_column(Encrypted("tokens.payload"))
    """New address, or a repeated sign-up's data."""

    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")

    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class ApiKey(Model):
    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Encrypted("api_keys.name"))
    scopes: Mapped[str] = mapped_column(String(200))
    """Space-separated."""

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Event(Model):
    """Outlives its account, for AUDIT_RETENTION_DAYS."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_form_id", "form_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(40))
    client: Mapped[str | None] = mapped_column(Encrypted("events.client"))
    details: Mapped[str | None] = mapped_column(Encrypted("events.details"))
    """JSON; no personal data."""

    form_id: Mapped[str | None] = mapped_column(String(16))
    """As in `details`, for the audit trail of the form."""

    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
