"""Schedule of periodic tasks."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.database.types import UTCDateTime
from forms_service.extensions import Model


class PeriodicTask(Model):
    __tablename__ = "periodic_tasks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_run_at: Mapped[datetime] = mapped_column(UTCDateTime)
