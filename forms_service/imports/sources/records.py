"""An answer as another service exports it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Record:
    """One answer; names and values are the other service's."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    """The other service's, if it exports one."""

    sent_at: str | float | None = None
    time_name: str = ""
    """Column of `sent_at`."""

    status: str = "inbox"
    read: bool | None = None
    control: dict[str, str] = field(default_factory=dict)
    spam_reasons: str = ""
    not_taken: list[tuple[str, str, Any]] = field(default_factory=list)
    """Column, reason and value of parts that have no counterpart."""

    fault: str = ""
    """Reason why the whole answer is left out."""

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.control or self.fault)
