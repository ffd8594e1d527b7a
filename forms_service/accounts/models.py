"""The accounts that people have here."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database import UTCDateTime, new_id, now
from forms_service.extensions import Model
from forms_service.keyring import Encrypted

EMAIL_PLACE = "accounts.email"
ROLES = ("user", "owner", "operator")
"""`user` has an account, `owner` may have forms and API keys, `operator` may see all of them."""

STATUSES = ("pending", "active", "disabled")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Account(Model):
    """A person with an e-mail address and a password; what identifies them is encrypted."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(_one_of("role", ROLES), name="role"),
        CheckConstraint(_one_of("status", STATUSES), name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Encrypted(EMAIL_PLACE))
    email_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    first_name: Mapped[str] = mapped_column(Encrypted("accounts.first_name"))
    last_name: Mapped[str] = mapped_column(Encrypted("accounts.last_name"))
    phone: Mapped[str | None] = mapped_column(Encrypted("accounts.phone"))
    password_hash: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
