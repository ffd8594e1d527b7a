"""Preferences of an account in the console."""

import uuid
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.extensions import db
from forms_service.validation.timezones import load_zone


@dataclass(frozen=True)
class Preferences:
    email: str = ""
    timezone: str = "UTC"
    """IANA name."""

    shortcuts: bool = True
    """Whether single keys act."""

    @property
    def zone(self) -> tzinfo:
        """Return the time zone."""
        return load_zone(self.timezone)


DEFAULT = Preferences()


def load(account_id: uuid.UUID) -> Preferences:
    """Return them; the defaults if the account is gone."""
    query = select(Account.email, Account.timezone, Account.shortcuts).where(Account.id == account_id)
    row = db.session.execute(query).one_or_none()
    return Preferences(*row) if row else DEFAULT
