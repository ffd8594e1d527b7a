"""The first member of an archive: what it holds."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from forms_service import __version__
from forms_service.backup.archive import BackupError, Member
from forms_service.backup.tables import TableLayout

NAME = "manifest.json"
FORMAT = 1
MAX_BYTES = 1 << 20

NOT_OURS = "This is not a backup made by flask backup."


@dataclass(frozen=True)
class Manifest:
    version: str
    """Of forms_service."""

    revision: str
    made_at: str
    has_files: bool
    tables: list[TableLayout]
    rows: dict[str, int]
    format: int = FORMAT

    @property
    def steps(self) -> int:
        """Rows and files, for a progress bar."""
        return sum(self.rows.values()) + (self.rows.get("submission_files", 0) if self.has_files else 0)

    def dump(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()


def load(member: Member) -> Manifest:
    """Read the first member.

    :raises BackupError: if this version cannot read the archive
    """
    if member.name != NAME or member.size > MAX_BYTES:
        raise BackupError(NOT_OURS)
    values: dict[str, Any] = json.loads(member.read())
    if values["format"] != FORMAT:
        raise BackupError(
            f"This backup has format {values['format']}, which version {__version__} cannot read. Install version "
            f"{values['version']} of forms_service, which made it."
        )
    return Manifest(**{**values, "tables": [TableLayout(**table) for table in values["tables"]]})
