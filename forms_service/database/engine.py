"""Engine and timeouts of SQLite and PostgreSQL."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy import event
from sqlalchemy.engine import make_url

from forms_service.config import Settings
from forms_service.database import postgres
from forms_service.database.sqlite import SQLiteFile
from forms_service.database.transactions import LOCK_TIMEOUT, SQLiteBegin, WritersQueue, count_pool_events, end_session
from forms_service.database.writability import Writability
from forms_service.extensions import db

STATEMENT_TIMEOUT = 30  # seconds

POSTGRES_OPTIONS = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 30,
    "client_encoding": "utf8",
    "options": f"-c timezone=utc -c statement_timeout={STATEMENT_TIMEOUT}s -c lock_timeout={LOCK_TIMEOUT * 1000:.0f}",
}
"""`tcp_user_timeout` (ms) drops a peer that acknowledges nothing. The encoding is that of the database by default:
from one made as SQL_ASCII, as initdb does where the locale is C, psycopg would return bytes."""


SLOW_BLUEPRINTS = frozenset({"forms", "inbox", "people", "me"})
"""May take STATEMENT_TIMEOUT; all others answer within 5 s."""


SQLITE_OPTIONS = {"timeout": LOCK_TIMEOUT, "cached_statements": 16}
"""128, the default, could take 10 MB a connection."""


SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged commit survives a power failure
    "foreign_keys=ON",
    f"busy_timeout={LOCK_TIMEOUT * 1000:.0f}",
    "cache_size=-500",  # KiB for each connection, of 2,000: the system caches the file for all of them
)


def first_line(error: Exception) -> str:
    """Shorten the driver's error, for operators only."""
    message = str(getattr(error, "orig", None) or error).strip()
    return message.splitlines()[0] if message else type(error).__name__


def init_app(app: Flask, settings: Settings) -> None:
    sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": settings.database_pool_size,
        "max_overflow": settings.database_max_overflow,
        "pool_timeout": LOCK_TIMEOUT,
        "pool_recycle": 3600,
        "pool_pre_ping": not sqlite,
        "hide_parameters": True,
        "connect_args": SQLITE_OPTIONS if sqlite else POSTGRES_OPTIONS,
    }
    db.init_app(app)
    app.teardown_appcontext(end_session)  # runs before Flask-SQLAlchemy's own
    app.extensions["writers"] = WritersQueue() if sqlite else nullcontext()
    app.extensions["database_file"] = None
    app.extensions["writability"] = Writability()
    with app.app_context():
        engine = app.extensions["engine"] = db.engine  # Flask-SQLAlchemy's own look-up takes 3 µs each time
        count_pool_events(engine)
        if not sqlite:
            postgres.listen(engine)
            app.before_request(_set_deadline)
            app.teardown_request(lambda _: postgres.begin_request(short=False))
            return
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", SQLiteBegin())
        if _is_file(engine.url.database):
            file = app.extensions["database_file"] = SQLiteFile(Path(str(engine.url.database)))
            file.listen(engine)


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # this module sends BEGIN, not the driver
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _is_file(name: str | None) -> bool:
    return bool(name) and name != ":memory:" and not str(name).startswith("file:")


def _set_deadline() -> None:
    postgres.begin_request(short=request.blueprint not in SLOW_BLUEPRINTS)
