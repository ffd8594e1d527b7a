"""SQLite's datetimes, and detection of a replaced file."""

import logging
import os
import sqlite3
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

HEADER_SIZE = 24
"""Leading bytes that never change."""

CHANGE_DELAY = 0.3
"""Seconds for old connections to end: the last removes the write-ahead log."""

events = logging.getLogger("forms_service.events")


@lru_cache(maxsize=256)  # the rows of a submission share their moments
def datetime_text(moment: datetime | None) -> str | None:
    """Format in UTC without the zone, as SQLAlchemy does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds") if moment else None


class SQLiteFile:
    """Notices a replaced file: SQLite silently goes on."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._identity: tuple[int, int] | None = None
        self._descriptor = -1
        self._header = b""
        self._gone = False
        self._refuse_until = 0.0
        self._lock = threading.Lock()

    def listen(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._before_connect)
        event.listen(engine, "connect", self._after_connect)
        event.listen(engine, "checkin", self._on_checkin)

    def check(self, engine: Engine) -> None:
        """Raise OperationalError unless commits reach the file at this path."""
        if self._identity is None:
            return  # not open yet
        fault = self._fault()
        if fault is None:
            if self._gone:
                self._come_back()
            return
        with self._lock:
            first, self._gone = not self._gone, True
            self._refuse_until = time.monotonic() + CHANGE_DELAY
        engine.pool.dispose()
        if first:
            events.critical("database_file_lost", extra={"fields": {"reason": fault}})
        raise OperationalError(None, None, sqlite3.OperationalError(fault))

    def _fault(self) -> str | None:
        try:
            if _identity(self._path) != self._identity:
                return "the database file is another one now"
            if os.pread(self._descriptor, HEADER_SIZE, 0) != self._header:
                return "the header of the database file is damaged"
        except OSError as error:
            return f"the database file cannot be reached: {os.strerror(error.errno or 0)}"
        return None

    def _come_back(self) -> None:
        self._gone = False
        events.warning("database_file_back", extra={"fields": {}})

    def _before_connect(self, *_: object) -> None:
        try:
            identity = _identity(self._path)
        except OSError as error:
            raise sqlite3.OperationalError("unable to open database file") from error
        with self._lock:
            if identity == self._identity:
                return
            if time.monotonic() < self._refuse_until:
                # connections to the old file may still be open
                raise sqlite3.OperationalError("the database file has just been replaced")
            # never closed: that would drop SQLite's locks on the file
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._descriptor, self._identity, self._header = descriptor, identity, b""
            self._gone, was_gone = False, self._gone
        if was_gone:
            self._come_back()

    def _after_connect(self, connection: Any, record: Any) -> None:
        record.info["file"] = self._identity
        if len(self._header) < HEADER_SIZE:  # an empty file gets its header with the first write
            self._header = os.pread(self._descriptor, HEADER_SIZE, 0)

    def _on_checkin(self, _: object, record: Any) -> None:
        if record.info.get("file") != self._identity:
            record.invalidate()


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)  # Path.stat is five times slower, and this runs after every commit
    return status.st_dev, status.st_ino
