"""Which revision a database is at, and how the embedded one is brought to the newest at start."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path

from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError

from forms_service.config import settings
from forms_service.database import now
from forms_service.errors import StartError
from forms_service.extensions import db, migrate

DIRECTORY = Path(__file__).parent.parent / "migrations"
COPIES = 3
"""Copies of the embedded database that are kept, made before each migration."""

log = logging.getLogger(__name__)


class Revision(Enum):
    """Where a database stands, seen from this code."""

    CURRENT = "current"
    PENDING = "pending"
    NEWER = "newer"


def init_app(app: Flask) -> None:
    """Bind Alembic to the app."""
    migrate.init_app(app, db, directory=str(DIRECTORY))
    scripts = ScriptDirectory(str(DIRECTORY))
    app.extensions["revisions"] = [script.revision for script in scripts.walk_revisions()]


def revision() -> Revision:
    """Where the database stands; asks it each time.

    :raises sqlalchemy.exc.OperationalError: when it is away
    """
    known: list[str] = current_app.extensions["revisions"]  # the newest first
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        return Revision.NEWER
    return Revision.CURRENT if found == known[0] else Revision.PENDING


def bring_up_to_date() -> None:
    """Migrate the embedded database; look at any other, and say what its operator has to do.

    :raises StartError: when the database was made by a newer version of the code
    """
    if settings.embedded:
        with _alone(settings.instance_path):
            _migrate_embedded(Path(db.engine.url.database or ""))
        return
    try:
        found = revision()
    except OperationalError as error:
        log.warning("The database does not answer (%s): what needs it answers 503 until it does.", type(error.orig))
        return
    if found is Revision.NEWER:
        raise _too_new()
    if found is Revision.PENDING:
        log.warning("The database is behind the code. Run: flask db upgrade")


def _migrate_embedded(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    new = path.stat().st_size == 0
    found = revision()
    if found is Revision.NEWER:
        raise _too_new()
    if found is Revision.PENDING:
        if not new:
            _keep_copy(path)
        command.upgrade(migrate.get_config(), "head")
        log.info("The database %s is up to date.", path.name)


def _too_new() -> StartError:
    return StartError(
        "The database was made by a newer version of forms_service. Start that version, or put back a copy "
        "of the database from before the upgrade."
    )


def _keep_copy(path: Path) -> None:
    """A copy beside the file, consistent even while another process reads; the oldest beyond COPIES go."""
    copy = path.with_name(f"{path.name}.{now():%Y%m%dT%H%M%S%f}.copy")
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for old in sorted(path.parent.glob(f"{path.name}.*.copy"))[:-COPIES]:
        old.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the lock is SQLite's own, so it works on every system and dies with its holder."""
    with closing(sqlite3.connect(folder / "migrating.lock", timeout=60, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
