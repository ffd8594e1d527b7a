"""Remembers failed writes: a database may answer and still be full, locked or read-only."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

PROBE_DELAY = 1.0
"""Seconds after a failed write until another may be tried to find out."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is down, full, read-only or busy."""
    away = isinstance(error, OperationalError | InternalError | PoolTimeoutError)
    damaged = type(error) is DatabaseError  # SQLite raises the base class for a corrupt file
    return away or damaged or (isinstance(error, DBAPIError) and error.connection_invalidated)


class Writability:
    """A circuit breaker for readiness only: writes themselves are always tried."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Remember whether the block's transaction fails."""
        try:
            yield
        except BaseException as error:
            if is_unavailable(error):
                self._failed_at = time.monotonic()
            raise
        self._failed_at = None

    @property
    def failing(self) -> bool:
        """The last write failed."""
        return self._failed_at is not None

    @property
    def needs_probe(self) -> bool:
        """It failed a while ago, and nobody has written since."""
        return self._failed_at is not None and time.monotonic() - self._failed_at > PROBE_DELAY
