"""The place that a backup is restored into: empty, and used by nothing else."""

import sqlite3
from contextlib import closing

from sqlalchemy import Connection, delete, table, text

from forms_service.backup.archive import BackupError
from forms_service.backup.tables import KEYRING, count_rows, read_layouts
from forms_service.database import migrations
from forms_service.extensions import db

FILLED_AT_START = (KEYRING, "periodic_tasks")
"""Tables that a start without any data fills."""

OTHER_CONNECTIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
IN_USE = (
    "Something else has this database open. Stop the service and its workers (systemctl stop forms_service "
    "forms_service-worker) and every other program that uses it, then restore again."
)


def require_unused_file() -> None:
    """Refuse an SQLite file that another process has open: a running service would go on with keys that are replaced.

    :raises BackupError: if it is in use
    """
    path = migrations.sqlite_file()
    if path is None:
        return
    db.engine.dispose()
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            # leaving write-ahead logging needs the file for itself; the next connection returns to it
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise BackupError(IN_USE) from error


def require_empty(connection: Connection) -> None:
    """Refuse a database that holds data, or on PostgreSQL has other connections.

    :raises BackupError: saying what it holds
    """
    if connection.dialect.name == "postgresql" and connection.execute(OTHER_CONNECTIONS).scalar_one():
        raise BackupError(IN_USE)
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
