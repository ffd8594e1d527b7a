"""Choices of whoever runs an import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo


@dataclass(frozen=True)
class Options:
    source: str | None = None
    """Name of the format, if it is not to be recognized."""

    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column → field; empty to leave the column out."""

    time_column: str | None = None
    timezone: tzinfo = UTC
    """For times without an offset."""

    day_first: bool | None = None
    status: str | None = None
    """Folder of all answers, instead of that which the file names."""

    read: bool | None = None
    """None keeps what the file says, else they count as read."""

    definition: str | None = None
    """A file with the questions, for answers that name them by id."""
