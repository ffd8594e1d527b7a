"""Transactions: writers' queue, BEGIN, callbacks on commit."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, cast

from flask import current_app
from sqlalchemy import Connection, CursorResult, Engine, Executable, Select, event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from forms_service.database.driver import execute
from forms_service.database.sqlite import SQLiteFile
from forms_service.database.writability import Writability
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from forms_service.metrics import DATABASE_IN_USE, DATABASE_POOL

LOCK_TIMEOUT = 1.5
"""Seconds for a connection, lock or turn to write: refused writes answer within 2 s."""


CONTENDED_TIMEOUT = 0.2
"""Seconds for SQLite's lock after one LOCK_TIMEOUT: only one request waits that long."""

CALLBACKS_KEY = "on_commit"


def read_once(query: Select[*tuple[Any, ...]], **values: Any) -> Any:
    """Return one row or None, on PostgreSQL in one round trip."""
    if db.engine.dialect.name == "sqlite":
        return db.session.execute(query, values).one_or_none()
    with Session(db.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        return session.execute(query, values).one_or_none()


def read_all(query: Select[*tuple[Any, ...]], **values: Any) -> Sequence[Any]:
    """Return all rows, as cheaply as `read_once`."""
    if db.engine.dialect.name == "sqlite":
        return db.session.execute(query, values).all()
    with Session(db.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        return session.execute(query, values).all()


def rows_changed(statement: Executable) -> int:
    """Execute it and return the number of rows."""
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


def check_file() -> None:
    """Raise OperationalError unless commits reach SQLite's file."""
    file: SQLiteFile | None = current_app.extensions["database_file"]
    if file:
        file.check(current_app.extensions["engine"])


@contextmanager
def write_session() -> Iterator[None]:
    """Open a write transaction on `db.session`; the caller commits.

    :raises ServiceUnavailableError: if its turn does not come in time
    """
    queue: AbstractContextManager[None] = current_app.extensions["writers"]
    # release the connection of earlier reads: the writer may be waiting for it
    db.session.rollback()
    with queue, writability().watch():
        try:
            db.session.connection(execution_options={"writing": True})
            yield
        finally:
            db.session.rollback()


@contextmanager
def write_connection() -> Iterator[Connection]:
    """Open a write transaction without a session; commits on success."""
    extensions: dict[str, Any] = current_app.extensions
    engine: Engine = extensions["engine"]
    queue: AbstractContextManager[None] = extensions["writers"]
    watcher: Writability = extensions["writability"]
    file: SQLiteFile | None = extensions["database_file"]
    with watcher.watch():
        with queue, engine.connect() as connection, connection.execution_options(writing=True).begin():
            yield connection
        if file:
            file.check(engine)  # after the commit: acknowledge nothing that went into a deleted file


def writability() -> Writability:
    return cast("Writability", current_app.extensions["writability"])


def lock_until_commit(digest: bytes) -> None:
    """Hold this lock until the session's transaction ends."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(lock_number(digest))))


def lock_number(digest: bytes) -> int:
    """Return the number of an advisory lock, which has 64 bits."""
    return int.from_bytes(digest[:8], signed=True)


def give_way(since: float) -> None:
    """Sleep for as long as the work since then has taken, so that others can write."""
    time.sleep(time.monotonic() - since)


def on_commit(callback: Callable[[], object]) -> None:
    """Call `callback` after the session commits; never if it rolls back."""
    db.session.info.setdefault(CALLBACKS_KEY, []).append(callback)


@contextmanager
def dispose_engine() -> Iterator[None]:
    """Close connections on exit: forked processes must not share one."""
    try:
        yield
    finally:
        db.engine.dispose()


@event.listens_for(db.session, "after_commit")
def _run_callbacks(session: Session) -> None:
    check_file()
    for callback in session.info.pop(CALLBACKS_KEY, ()):
        callback()


@event.listens_for(db.session, "after_rollback")
def _drop_callbacks(session: Session) -> None:
    session.info.pop(CALLBACKS_KEY, None)


class WritersQueue:
    """Threads sleep here instead of polling SQLite's lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=LOCK_TIMEOUT):
            raise ServiceUnavailableError("Too many writes are waiting for the database. Try again in a moment.")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class SQLiteBegin:
    """Sends BEGIN IMMEDIATE: SQLite cannot upgrade a read after another's write."""

    def __init__(self) -> None:
        self._contended = False

    def __call__(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("writing", False):
            execute(connection, "BEGIN")
            return
        if not self._contended:
            try:
                execute(connection, "BEGIN IMMEDIATE")
            except OperationalError:
                self._contended = True
                raise
            return
        execute(connection, f"PRAGMA busy_timeout={CONTENDED_TIMEOUT * 1000:.0f}")
        try:
            execute(connection, "BEGIN IMMEDIATE")
            self._contended = False
        finally:
            execute(connection, f"PRAGMA busy_timeout={LOCK_TIMEOUT * 1000:.0f}")


def end_session(_: object) -> None:
    """End the session, ignoring a broken connection."""
    if db.session.registry.has():
        with suppress(DBAPIError):
            db.session.remove()


def count_pool_events(engine: Engine) -> None:
    for name in ("connect", "checkout", "checkin", "invalidate", "close"):
        event.listen(engine, name, _counter(name))
    event.listen(engine, "checkout", lambda *_: DATABASE_IN_USE.inc())
    event.listen(engine, "checkin", lambda *_: DATABASE_IN_USE.dec())


def _counter(name: str) -> Callable[..., None]:
    counter = DATABASE_POOL.labels(name)
    return lambda *_: counter.inc()
