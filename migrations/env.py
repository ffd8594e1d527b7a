"""How Alembic runs a migration: on the app's own engine, one process at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

LOCK = 7_311_902
"""The number of the advisory lock on PostgreSQL; SQLite locks the file."""


def run(connection: Connection) -> None:
    """Bring the database to the revision that was asked for."""
    metadata = current_app.extensions["migrate"].db.metadata
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_server_default=True
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
        context.run_migrations()


with current_app.extensions["migrate"].db.engine.connect().execution_options(writing=True) as connection:
    run(connection)
