"""Storage of rate limits in the database: exact over processes, and kept through restarts.

For passwords always, for all other limits while Redis is away.
"""

import hmac
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, LargeBinary, Select, bindparam, delete, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from forms_service.database import postgres
from forms_service.database.engine import first_line
from forms_service.database.group_commit import GroupCommit
from forms_service.database.round_trip import (
    BYTEA,
    COMMIT,
    TIMES,
    Statement,
    decode_time,
    execute_together,
)
from forms_service.database.transactions import write_connection
from forms_service.database.types import now
from forms_service.encryption.compiled_sql import CompiledQuery, lock_statement
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from forms_service.logs import event
from forms_service.metrics import LIMITS_IN_MEMORY
from forms_service.rate_limiting.models import LimitWindow
from forms_service.rate_limiting.storage import LimitCheck, LimitState, MemoryStorage, unix_time

TIMEOUT = 1.0
"""Seconds for the database, per batch."""

RETRY_INTERVAL = 1.0
"""Seconds in memory after a failure."""

WINDOWS = "SELECT key, hits, expires_at FROM limit_windows WHERE key = ANY($1::bytea[])"

UPSERT = (
    "INSERT INTO limit_windows (key, hits, expires_at) "
    "SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[]) "
    "ON CONFLICT (key) DO UPDATE SET hits = excluded.hits, expires_at = excluded.expires_at"
)

CLOCK = Statement("SELECT clock_timestamp()")
"""Read with the locks held, so that hits are stored in order."""

T = TypeVar("T")

Action = Callable[[MemoryStorage, float], list[LimitState]]


class _Change(NamedTuple):
    windows: dict[bytes, float]
    """Key → seconds that its hits count; 0 to leave that as it is."""

    apply: Action


class DatabaseStorage(MemoryStorage):
    """By the database's clock; in memory while the database is unavailable.

    A batch of requests is one transaction. Its keys are locked in order, so that processes cannot deadlock.
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self._secret = secret
        self._changes: GroupCommit[_Change, list[LimitState]] = GroupCommit(_commit)
        self._in_memory = False
        self._retry_at = 0.0

    def hit_all(self, checks: Sequence[LimitCheck]) -> list[LimitState]:
        named = [check._replace(key=self._name(check.key).hex()) for check in checks]
        windows = {bytes.fromhex(check.key): float(check.window) for check in named}
        change = _Change(windows, lambda hits, at: hits.hit_all_at(at, named))
        return self._submit(change, lambda: super(DatabaseStorage, self).hit_all(checks))

    def refund(self, key: str) -> None:
        self._submit(self._change(key, MemoryStorage.refund), lambda: super(DatabaseStorage, self).refund(key))

    def clear(self, key: str) -> None:
        super().clear(key)
        self._submit(self._change(key, MemoryStorage.clear), lambda: None)

    def _change(self, key: str, action: Callable[[MemoryStorage, str], None]) -> _Change:
        name = self._name(key)

        def apply(hits: MemoryStorage, _: float) -> list[LimitState]:
            action(hits, name.hex())
            return []

        return _Change({name: 0.0}, apply)

    def _submit(self, change: _Change, fallback: Callable[[], T]) -> list[LimitState] | T:
        if time.monotonic() < self._retry_at:
            return fallback()
        # release the connection of earlier reads: the batch may be waiting for it
        db.session.rollback()
        try:
            states = self._changes.submit(change)
        except (SQLAlchemyError, ServiceUnavailableError) as error:
            self._retry_at = time.monotonic() + RETRY_INTERVAL
            self._set_in_memory(error)
            return fallback()
        self._set_in_memory(None)
        return states

    def _set_in_memory(self, error: Exception | None) -> None:
        if self._in_memory is (error is not None):
            return
        self._in_memory = error is not None
        LIMITS_IN_MEMORY.set(self._in_memory)
        if error:
            event("limits_in_memory", level=logging.ERROR, error=first_line(error))
        else:
            event("limits_in_database", level=logging.WARNING)

    def _name(self, key: str) -> bytes:
        return hmac.digest(self._secret, key.encode(), "sha256")[:16]


def sweep() -> None:
    """Delete windows without hits that still count."""
    with write_connection() as connection:
        connection.execute(delete(LimitWindow).where(LimitWindow.expires_at < now()))


def _commit(changes: Sequence[_Change]) -> list[list[LimitState] | Exception]:
    windows: dict[bytes, float] = {}
    for change in changes:
        for key, seconds in change.windows.items():
            windows[key] = max(seconds, windows.get(key, 0.0))
    keys = sorted(windows)
    with postgres.time_limit(TIMEOUT), write_connection() as connection:
        rows, clock = _lock(connection, keys)
        hits = MemoryStorage()
        for key, stored, _ in rows:
            hits.load(key.hex(), stored)
        outcomes: list[list[LimitState] | Exception] = [change.apply(hits, clock) for change in changes]
        _save(connection, {bytes(key): (bytes(stored), ends) for key, stored, ends in rows}, hits, windows, clock)
    return outcomes


def _lock(connection: Connection, keys: Sequence[bytes]) -> tuple[Sequence[Sequence[Any]], float]:
    if connection.dialect.name == "postgresql":
        windows = Statement(WINDOWS, (BYTEA.array(keys),))
        *_, ((clock,),), rows = execute_together(connection, [lock_statement(keys), CLOCK, windows])
        return [(key, hits, decode_time(ends)) for key, hits, ends in rows], decode_time(clock).timestamp()
    values = {f"key{number}": key for number, key in enumerate(keys)}
    return _windows_query(len(keys)).all(connection, values), unix_time()


@cache
def _windows_query(count: int) -> CompiledQuery:
    return CompiledQuery(lambda: _select_windows(count))


def _select_windows(count: int) -> Select[*tuple[Any, ...]]:
    keys = [bindparam(f"key{number}", type_=LargeBinary) for number in range(count)]
    return select(LimitWindow.key, LimitWindow.hits, LimitWindow.expires_at).where(LimitWindow.key.in_(keys))


def _save(
    connection: Connection,
    before: dict[bytes, tuple[bytes, datetime]],
    hits: MemoryStorage,
    windows: dict[bytes, float],
    clock: float,
) -> None:
    rows = []
    for key, seconds in windows.items():
        stored, ends = before.get(key, (b"", None))
        dumped = hits.dump(key.hex())
        if dumped != stored:
            expires_at = datetime.fromtimestamp(clock + seconds, UTC)
            rows.append({"key": key, "hits": dumped, "expires_at": max(expires_at, ends) if ends else expires_at})
    if connection.dialect.name == "postgresql":
        names_and_arrays = (("key", BYTEA), ("hits", BYTEA), ("expires_at", TIMES))
        values = tuple(array.array(row[name] for row in rows) for name, array in names_and_arrays)
        execute_together(connection, [*([Statement(UPSERT, values)] if rows else ()), COMMIT])
    elif rows:
        statement = sqlite.insert(LimitWindow)
        changed = {"hits": statement.excluded.hits, "expires_at": statement.excluded.expires_at}
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changed), rows)
