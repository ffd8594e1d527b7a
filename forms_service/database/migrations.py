"""Schema revisions, and migration of the embedded database at start."""

import importlib
import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, OperationalError

from forms_service.config import settings
from forms_service.database.engine import first_line
from forms_service.database.transactions import check_file
from forms_service.database.types import now
from forms_service.errors import StartError
from forms_service.extensions import db

INSTALLED = Path(__file__).parents[1] / "migrations"
DIRECTORY = INSTALLED if INSTALLED.exists() else Path(__file__).parents[2] / "migrations"
"""Inside an installed package, beside it in a clone."""

MAX_COPIES = 3
"""Backups, one per migration."""

CURRENT_REVISION = text("SELECT version_num FROM alembic_version")

log = logging.getLogger(__name__)


class Revision(Enum):
    CURRENT = "current"
    PENDING = "pending"
    NEWER = "newer"


def init_app(app: Flask) -> None:
    """Find the revisions; add `flask db` for commands."""
    names = sorted((path.stem for path in (DIRECTORY / "versions").glob("[0-9]*.py")), reverse=True)
    app.extensions["revisions"] = [name.partition("_")[0] for name in names]
    if "flask_migrate" in sys.modules:  # imported for commands
        _init_flask_migrate(app)


def _init_flask_migrate(app: Flask) -> None:
    driver = importlib.import_module("flask_migrate")  # 10 MB of memory, which a process that only serves does without
    driver.Migrate(app, db, directory=str(DIRECTORY))


def upgrade(revision: str = "head", connection: Connection | None = None) -> None:
    """Migrate up to a revision."""
    _run_alembic("upgrade", revision, connection)


def downgrade(revision: str, connection: Connection | None = None) -> None:
    """Migrate down to a revision."""
    _run_alembic("downgrade", revision, connection)


def _run_alembic(name: str, revision: str, connection: Connection | None) -> None:
    if "migrate" not in current_app.extensions:
        _init_flask_migrate(current_app)
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    getattr(importlib.import_module("alembic.command"), name)(config, revision)


def revision() -> Revision:
    """Query it, or raise OperationalError."""
    revisions: list[str] = current_app.extensions["revisions"]  # the newest first
    check_file()
    with db.engine.connect() as connection:
        current = _current_revision(connection)
    if current is not None and current not in revisions:
        return Revision.NEWER
    return Revision.CURRENT if current == revisions[0] else Revision.PENDING


def migrate_on_start() -> bool:
    """Migrate the embedded database, only check others; return whether it is current.

    :raises StartError: if newer code made it, or its file is unusable
    """
    path = sqlite_file()
    try:
        create_file()
        if settings.embedded:
            with _exclusive_lock(settings.instance_path):
                _migrate_embedded()
            return True
        return _is_current()
    except (OSError, sqlite3.Error, DatabaseError) as error:
        if not path:
            raise
        reason = first_line(error)
        raise StartError(f"The database {path} cannot be used ({reason}). {_advice(reason)}") from error


def _advice(reason: str) -> str:
    if "locked" in reason:
        return "Wait until the command that uses it has ended, such as a restore."
    return "Make it and its folder writable for the service, or restore a copy."


def is_known(revision: str) -> bool:
    """Whether this code has that revision; a newer database's it has not."""
    return revision in current_app.extensions["revisions"]


def move_to(connection: Connection, target: str) -> None:
    """Upgrade or downgrade to a revision (or `head`), in the caller's transaction."""
    revisions: list[str] = current_app.extensions["revisions"]  # the newest first
    current = _current_revision(connection)
    if current in revisions and target in revisions and revisions.index(current) < revisions.index(target):
        downgrade(target, connection)
    else:
        upgrade(target, connection)


def sqlite_file() -> Path | None:
    """Return None for PostgreSQL."""
    url = db.engine.url
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def create_file() -> None:
    path = sqlite_file()
    if path:
        _touch(path)


def back_up(path: Path) -> None:
    """Copy the file despite writers; keep the newest MAX_COPIES."""
    copy = path.with_name(f"{path.name}.{now():%Y%m%dT%H%M%S%f}.copy")
    for unfinished in path.parent.glob(f"{path.name}.*.unfinished"):
        unfinished.unlink()
    draft = copy.with_suffix(".unfinished")
    _touch(draft)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    draft.rename(copy)  # so that an unfinished copy never counts as one
    for old in sorted(path.parent.glob(f"{path.name}.*.copy"))[:-MAX_COPIES]:
        old.unlink()


def _current_revision(connection: Connection) -> str | None:
    # Alembic's own look-up compiles its queries anew each time, which takes longer than they do
    exists = connection.dialect.has_table(connection, "alembic_version")
    return connection.scalar(CURRENT_REVISION) if exists else None


def _migrate_embedded() -> None:
    state = revision()
    if state is Revision.NEWER:
        raise newer_schema_error()
    if state is Revision.PENDING:
        upgrade()


def _is_current() -> bool:
    try:
        state = revision()
    except OperationalError as error:
        log.warning("The database is unavailable: requests that need it get 503. %s", first_line(error))
        return False
    if state is Revision.NEWER:
        raise newer_schema_error()
    if state is Revision.PENDING:
        log.warning("Migrations are pending. Run: flask db upgrade")
    return state is Revision.CURRENT


def newer_schema_error() -> StartError:
    return StartError(
        "The database was made by a newer version of forms_service. Start that version, or restore the copy "
        "of the database from before the upgrade."
    )


def _touch(path: Path) -> None:
    # for its owner only, before SQLite creates it for everybody
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


@contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    # SQLite's own lock works everywhere and ends with its holder
    with closing(sqlite3.connect(folder / "migrating.lock", timeout=60, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
