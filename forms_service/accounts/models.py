"""The accounts that people have here."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

EMAIL_CONTEXT = "accounts.email"
ROLES = ("user", "owner", "operator")
"""`user` has an account, `owner` may have forms and API keys, `operator` may see all of them."""

STATUSES = ("pending", "active", "disabled")
PURPOSES = ("confirm", "reset", "email")
SCOPES = ("forms:read", "forms:write", "submissions:read", "submissions:write", "tokens:introspect")
"""What an API key may be allowed to do."""

SESSION_LIFETIME = timedelta(days=30)
"""How long a session lives after it was last refreshed."""


class Account(Model):
    """A person with an e-mail address and a password; what identifies them is encrypted."""

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
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Session(Model):
    """One sign-in of an account, on one device; it lives as long as it is refreshed."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    client: Mapped[str | None] = mapped_column(Encrypted("sessions.client"))
    user_agent: Mapped[str | None] = mapped_column(Encrypted("sessions.user_agent"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class KnownPlace(Model):
    """A network or browser that an account was signed in from: strangers' wrong tries do not lock it out there."""

    __tablename__ = "known_places"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """A keyed hash: neither a network nor a browser can be read from it."""

    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class RefreshToken(Model):
    """A refresh token of a session, used ones too: one that is used again later ends the session."""

    __tablename__ = "refresh_tokens"

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Token(Model):
    """What a link in a mail proves, once: that its holder reads the address, for one purpose."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint(one_of("purpose", PURPOSES), name="purpose"),)

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    payload: Mapped[str | None] = mapped_column(Encrypted("tokens.payload"))
    """The new address, where it is one that is confirmed; what was said at a sign-up that was not the first."""

    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Wrong passwords that were sent with it."""

    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class ApiKey(Model):
    """A key by which a program acts for an account, within its scopes; only its hash is kept."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Encrypted("api_keys.name"))
    scopes: Mapped[str] = mapped_column(String(200))
    """Separated by spaces."""

    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Event(Model):
    """Who did what, and when: the audit trail of an account, kept AUDIT_RETENTION_DAYS, longer than the account."""

    __tablename__ = "events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(40))
    client: Mapped[str | None] = mapped_column(Encrypted("events.client"))
    details: Mapped[str | None] = mapped_column(Encrypted("events.details"))
    """JSON: ids and counts, never the data of a person."""

    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
