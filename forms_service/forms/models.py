"""Forms, their versions and members."""

import json
import re
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime, new_id, now, one_of
from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model
from forms_service.form_schema.settings import RETIRED

FORM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{15}")
MEMBER_ROLES = ("viewer", "editor", "manager")
"""Each includes the previous ones."""

MEMBER_STATUSES = ("pending", "active")


class Form(Model):
    """Has a public id of 16 random URL-safe characters."""

    __tablename__ = "forms"
    __table_args__ = (
        Index("ix_forms_owner_id", "owner_id", "created_at", "id"),
        Index("ix_forms_created_at", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Encrypted("forms.name"))
    settings: Mapped[str] = mapped_column(Encrypted("forms.settings"))
    """JSON; may hold addresses and a secret."""

    version: Mapped[int]

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, onupdate=now)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    """Queries must exclude forms being erased."""

    def parsed_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {} if isinstance(self.settings, Unreadable) else json.loads(self.settings)
        return {name: value for name, value in settings.items() if name not in RETIRED}


class FormVersion(Model):
    """Kept for old submissions' labels."""

    __tablename__ = "form_versions"

    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class Member(Model):
    """A colleague on a form."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(one_of("role", MEMBER_ROLES), name="role"),
        CheckConstraint(one_of("status", MEMBER_STATUSES), name="status"),
        UniqueConstraint("form_id", "email_index"),
        UniqueConstraint("form_id", "account_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    form_id: Mapped[str] = mapped_column(ForeignKey("forms.id", ondelete="CASCADE"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    """None while `pending`."""

    email: Mapped[str | None] = mapped_column(Encrypted("members.email"))
    """As invited; None once active, since the account has it."""

    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    """As that of accounts: of the address that was invited, later of the account's."""

    role: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(8), default="pending")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
