"""Runs migrations on the app's engine, one process at a time, after a copy of an SQLite file."""

import logging
import math
from collections.abc import Iterable

from alembic import context
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection, inspect, text

from forms_service.database import migrations, postgres
from forms_service.database.transactions import LOCK_TIMEOUT
from forms_service.extensions import db

LOCK = 7_311_902
"""The advisory lock on PostgreSQL; SQLite locks the file."""

log = logging.getLogger("forms_service.migrations")


def run(connection: Connection) -> None:
    """Migrate to the requested revision, however long another's migration or an index of many rows takes."""
    with postgres.time_limit(math.inf):
        _run(connection)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        compare_server_default=True,
        process_revision_directives=_leave_out_empty_ones,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
            # behind one that waits for a table, all others would wait for it too
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT * 1000:.0f}"))
        context.run_migrations()
    log.info("The database is at revision %s.", context.get_context().get_current_revision() or "none")


def copy_first() -> None:
    """Copy an SQLite database that is not empty."""
    path = migrations.sqlite_file()
    if path:
        with engine.connect() as connection:
            holds_something = bool(inspect(connection).get_table_names())
        if holds_something:
            migrations.back_up(path)


def _leave_out_empty_ones(_: object, __: object, directives: list[MigrationScript]) -> None:
    operations: Iterable[object] = directives[0].upgrade_ops.ops if directives and directives[0].upgrade_ops else ()
    if directives and not list(operations):
        directives.clear()
        log.info("The models are as the migrations say: there is nothing to migrate.")


engine = db.engine
given_connection = context.config.attributes.get("connection")
if given_connection is not None:
    run(given_connection)  # in its caller's transaction
else:
    if not context.config.attributes.get("autogenerate"):
        copy_first()
    with engine.connect().execution_options(writing=True) as connection:
        run(connection)
