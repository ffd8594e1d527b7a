"""Spent ALTCHA challenges."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime
from forms_service.extensions import Model


class SpentChallenge(Model):
    """Accepted once across all processes."""

    __tablename__ = "spent_challenges"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
