"""Files of a submission (scaffold)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """A file that came."""

    field: str
    name: str
    content_type: str
    size: int
    stored_as: str
    digest: bytes = b""
