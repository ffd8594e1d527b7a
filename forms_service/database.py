"""The database: how SQLite and PostgreSQL are set up, the queue of writers, and the column types all rooms share."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app, request
from sqlalchemy import Connection, CursorResult, DateTime, Engine, Executable, Select, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from forms_service import postgres
from forms_service.config import Settings
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from forms_service.metrics import DATABASE_IN_USE, DATABASE_POOL
from forms_service.sqlite_file import SQLiteFile

PATIENCE = 4
"""Seconds that a request waits for a connection, for a lock or for its turn to write."""

CONTENDED_PATIENCE = 0.2
"""Seconds for SQLite's lock while another process has held it for PATIENCE: nobody waits for it twice."""

STATEMENT_SECONDS = 30

POSTGRES_OPTIONS = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 30,
    "options": f"-c timezone=utc -c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={PATIENCE}s",
}
"""A statement ends after 30 s, and a peer that no longer takes what is sent is given up after 5."""

LONG_READERS = frozenset({"forms", "inbox", "people", "me"})
"""Blueprints whose statements may take STATEMENT_SECONDS; all others answer within 5 s, whatever the server does."""

SQLITE_OPTIONS = {"timeout": PATIENCE, "cached_statements": 16}
"""Of 128 prepared statements a connection, Python's default, those that write many rows would hold 10 MB."""

SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={PATIENCE * 1000}")
"""FULL: a commit that was acknowledged survives the power going out."""

ONCE_COMMITTED = "what is done once it is committed"
"""Where a session keeps it."""


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, always aware and in UTC, on a database that keeps time zones and on one that does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the database."""
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        """SQLite gets the text that SQLAlchemy's own type would make in four times as long, without the zone."""
        return _as_sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC from the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _as_sqlite_text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds") if moment else None


def new_id() -> uuid.UUID:
    """An id that sorts by when it was made (UUID version 7)."""
    return uuid7()


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition of a column that holds one of a few words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def read_once(query: Select[*tuple[Any, ...]]) -> Any:
    """Return the one row of a query, or None; on PostgreSQL without the two round trips of BEGIN and ROLLBACK."""
    if db.engine.dialect.name == "sqlite":
        return db.session.execute(query).one_or_none()
    with Session(db.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        return session.execute(query).one_or_none()


def rows_changed(statement: Executable) -> int:
    """Execute an UPDATE or DELETE in the caller's transaction; how many rows it changed."""
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


def first_line(error: Exception) -> str:
    """What the driver says is wrong, in its first line: for an operator, never for a client."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the engine, set up for its kind of database."""
    sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": settings.database_pool_size,
        "max_overflow": settings.database_max_overflow,
        "pool_timeout": PATIENCE,
        "pool_recycle": 3600,
        "pool_pre_ping": not sqlite,
        "hide_parameters": True,
        "connect_args": SQLITE_OPTIONS if sqlite else POSTGRES_OPTIONS,
    }
    db.init_app(app)
    app.teardown_appcontext(_end_session)  # runs before Flask-SQLAlchemy's own
    app.extensions["writers"] = _WritersQueue() if sqlite else nullcontext()
    app.extensions["database_file"] = None
    with app.app_context():
        _count_pool_events(db.engine)
        if not sqlite:
            postgres.listen(db.engine)
            app.before_request(_limit_waiting)
            app.teardown_request(lambda _: postgres.begin_request(short=False))
            return
        event.listen(db.engine, "connect", _set_up_sqlite)
        event.listen(db.engine, "begin", _SQLiteBegin())
        if _is_file(db.engine.url.database):
            file = app.extensions["database_file"] = SQLiteFile(Path(str(db.engine.url.database)))
            file.listen(db.engine)


def check_file() -> None:
    """Make sure that SQLite's file is there, and is the one that is open.

    :raises sqlalchemy.exc.OperationalError: when it is not
    """
    file: SQLiteFile | None = current_app.extensions["database_file"]
    if file:
        file.check(db.engine)


@contextmanager
def writing() -> Iterator[None]:
    """What a use case does to the database: it commits as its last act, and whatever fails is rolled back.

    On SQLite it waits its turn first, and takes the write lock at once: a transaction that reads before it
    writes would otherwise fail whenever another has written in between.

    :raises ServiceUnavailableError: when its turn does not come in time
    """
    queue: AbstractContextManager[None] = current_app.extensions["writers"]
    with queue:
        db.session.rollback()  # ends what was only read, so that the options below are heeded
        try:
            db.session.connection(execution_options={"writing": True})
            yield
        finally:
            db.session.rollback()


@contextmanager
def transaction(*, begun_later: bool = False) -> Iterator[Connection]:
    """The same without the session and what it costs: a connection, committed at the end unless something fails.

    `begun_later`: on PostgreSQL the caller sends BEGIN with its first statements, which saves a round trip.

    :raises ServiceUnavailableError: when its turn does not come in time
    """
    queue: AbstractContextManager[None] = current_app.extensions["writers"]
    options: dict[str, Any] = {"writing": True}
    if begun_later and db.engine.dialect.name == "postgresql":
        options["isolation_level"] = "AUTOCOMMIT"
    with queue, db.engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection
    check_file()  # after the commit: nothing is acknowledged that went into a file that is gone


def once_committed(act: Callable[[], object]) -> None:
    """Do something when the session's transaction has been committed; never, if it is rolled back."""
    db.session.info.setdefault(ONCE_COMMITTED, []).append(act)


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Close every connection at the end: a server may fork then, and processes must not share one."""
    try:
        yield
    finally:
        db.engine.dispose()


@event.listens_for(db.session, "after_commit")
def _act(session: Session) -> None:
    check_file()
    for act in session.info.pop(ONCE_COMMITTED, ()):
        act()


@event.listens_for(db.session, "after_rollback")
def _do_not_act(session: Session) -> None:
    session.info.pop(ONCE_COMMITTED, None)


class _WritersQueue:
    """One writer at a time in the process: they wait here, asleep, instead of polling SQLite's lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=PATIENCE):
            raise ServiceUnavailableError("Too much is being stored at once. Try again in a moment.")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _end_session(_: object) -> None:
    """End what was only read; if the connection breaks over it, the answer that was made by then is still good."""
    with suppress(DBAPIError):
        db.session.remove()


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # this module says BEGIN, not the driver
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _is_file(name: str | None) -> bool:
    """Whether an SQLite database is in a file that can be looked at, not in memory or at a URI."""
    return bool(name) and name != ":memory:" and not str(name).startswith("file:")


def _limit_waiting() -> None:
    postgres.begin_request(short=request.blueprint not in LONG_READERS)


class _SQLiteBegin:
    """Begins transactions; whoever writes takes the lock at once."""

    def __init__(self) -> None:
        self._contended = False

    def __call__(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("writing", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not self._contended:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError:
                self._contended = True
                raise
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={CONTENDED_PATIENCE * 1000:.0f}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._contended = False
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE * 1000}")


def _count_pool_events(engine: Engine) -> None:
    for name in ("connect", "checkout", "checkin", "invalidate", "close"):
        event.listen(engine, name, _counter(name))
    event.listen(engine, "checkout", lambda *_: DATABASE_IN_USE.inc())
    event.listen(engine, "checkin", lambda *_: DATABASE_IN_USE.dec())


def _counter(name: str) -> Callable[..., None]:
    counter = DATABASE_POOL.labels(name)
    return lambda *_: counter.inc()
