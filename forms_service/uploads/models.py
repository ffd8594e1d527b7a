"""Files of submissions."""

import uuid

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.encryption.keyring import Encrypted
from forms_service.extensions import Model

NOT_SCANNED = text("scan = 'not_scanned'")


class File(Model):
    """Encrypted on disk as `stored_as`."""

    __tablename__ = "submission_files"
    __table_args__ = (
        Index(
            "ix_submission_files_not_scanned",
            "submission_id",
            sqlite_where=NOT_SCANNED,
            postgresql_where=NOT_SCANNED,
        ),
    )

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(Encrypted("submission_files.field"))
    name: Mapped[str] = mapped_column(Encrypted("submission_files.name"))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    stored_as: Mapped[str] = mapped_column(String(36), unique=True)
    key: Mapped[str] = mapped_column(Encrypted("submission_files.key"))
    """Its own: rotation need not touch the file."""

    scan: Mapped[str | None] = mapped_column(String(12))
    """A status of `virus_scanner/clamd.py`; None for files received without a scanner."""

    threat: Mapped[str | None] = mapped_column(String(100))
    """The name of the virus."""
