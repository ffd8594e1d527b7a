"""The list of what an import left out or stored although it does not fit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

from forms_service.inbox.csv_and_json import BOM, ENCODE, format_csv

HEADINGS = ("line", "stored", "column", "reason", "value")
MAX_REASONS = 500
OTHER = "other reasons"


@dataclass
class Count:
    first_line: int
    stored: bool
    number: int = 0


@dataclass
class LeftOut:
    """Counts by column and reason, and writes a file, if any: it has personal data, for its owner's eyes."""

    path: str | None = None
    counts: dict[tuple[str, str], Count] = field(default_factory=dict)
    _file: IO[str] | None = None

    @property
    def is_written(self) -> bool:
        return self._file is not None

    def add(self, line: int, column: str, reason: str, value: Any, *, stored: bool = False) -> None:
        key = (column, reason)
        if key not in self.counts and len(self.counts) >= MAX_REASONS:
            key = ("", OTHER)
        self.counts.setdefault(key, Count(line, stored)).number += 1
        if self.path is None:
            return
        if self._file is None:
            self._file = self._open(self.path)
        text = value if isinstance(value, str) else ENCODE(value)
        self._file.write(format_csv([(line, "yes" if stored else "no", column, reason, text)]))

    def _open(self, path: str) -> IO[str]:
        with suppress(FileNotFoundError):
            os.unlink(path)  # a list of an earlier run, or a link
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        file = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
        file.write(BOM + format_csv([HEADINGS]))
        return file

    @contextmanager
    def closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._file:
                self._file.close()
