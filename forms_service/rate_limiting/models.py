"""Rate limits counted in the database."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime
from forms_service.extensions import Model


class LimitWindow(Model):
    """The hits of one key; on PostgreSQL unlogged: a crash of the server empties the table."""

    __tablename__ = "limit_windows"

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """Keyed hash of the limit and of whom it counts."""

    hits: Mapped[bytes] = mapped_column(LargeBinary)
    """Unix times, oldest first, 8 bytes each."""

    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
