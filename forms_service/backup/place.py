"""The place that a backup is restored into: empty, and used by nothing else."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

from sqlalchemy import Connection, delete, table, text

from forms_service.backup.archive import BackupError
from forms_service.backup.tables import KEYRING, count_rows, read_layouts
from forms_service.database import migrations, postgres
from forms_service.extensions import db

SQLITE_CACHE_KIB = 131_072
"""For keys in random order: with SQLite's 2 MB, each row would write their pages anew."""

FILLED_AT_START = (KEYRING, "periodic_tasks")
"""Tables that a start without any data fills."""

OTHER_CONNECTIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
DISCONNECT_TIMEOUT = 5.0
"""Seconds: PostgreSQL notices late that a killed restore has gone."""

IN_USE = (
    "Something else has this database open. Stop the service and its workers (systemctl stop forms_service "
    "forms_service-worker) and every other program that uses it, then restore again."
)


@contextmanager
def writing() -> Iterator[Connection]:
    """Open a transaction that nothing else can read or write beside.

    SQLite writes new pages into the file at once, not first into a write-ahead log; a rollback journal undoes it
    after an interruption.

    :raises BackupError: if something else has the database open
    """
    db.engine.dispose()
    with db.engine.connect().execution_options(writing=True) as connection:
        if connection.dialect.name == "postgresql":
            with postgres.unlimited_transaction(connection):
                yield connection
            return
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        _leave_write_ahead_log(driver)
        try:
            with connection.begin():
                yield connection
        finally:
            with suppress(sqlite3.OperationalError):  # the next connection does it
                driver.execute("PRAGMA journal_mode=WAL")


def _leave_write_ahead_log(driver: sqlite3.Connection) -> None:
    try:
        # needs the file for itself: a running service would go on with keys that are replaced
        driver.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise BackupError(IN_USE) from error
    driver.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KIB}")


def require_empty(connection: Connection) -> None:
    """Refuse a database that holds data, or on PostgreSQL has other connections.

    :raises BackupError: saying what it holds
    """
    if connection.dialect.name == "postgresql":
        _wait_for_disconnections(connection)
    layouts = [layout for layout in read_layouts(connection) if layout.name not in FILLED_AT_START]
    counts = {layout.name: count_rows(connection, layout) for layout in layouts}
    holds = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
    if not holds:
        return
    path = migrations.sqlite_file()
    remedy = (
        f"Move {path}, {path}-wal and {path}-shm away"
        if path
        else "Create an empty database (createdb) and set DATABASE_URL to it"
    )
    raise BackupError(f"This database is not empty ({holds}). {remedy}, then restore again.")


def clear(connection: Connection) -> None:
    """Delete what a start has put there."""
    for layout in read_layouts(connection):
        if layout.name in FILLED_AT_START:
            connection.execute(delete(table(layout.name)))


def _wait_for_disconnections(connection: Connection) -> None:
    until = time.monotonic() + DISCONNECT_TIMEOUT
    while connection.execute(OTHER_CONNECTIONS).scalar_one():
        if time.monotonic() > until:
            raise BackupError(IN_USE)
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))  # otherwise a transaction sees the same again
        time.sleep(0.1)
