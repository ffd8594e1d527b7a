"""Indexes that a restore creates after the rows: sorted at once, not row by row in random order of hashes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

SQLITE = text(
    "SELECT 'DROP INDEX ' || name AS \"drop\", sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
)
"""All but those of primary keys, which SQLite cannot drop."""

CONSTRAINTS = text(
    "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS \"drop\","
    " format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS sql"
    " FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u', 'f')"
    " ORDER BY contype = 'f' DESC"
)
"""Foreign keys first: they depend on the keys of other tables."""

INDEXES = text(
    "SELECT format('DROP INDEX %s', indexrelid::regclass) AS \"drop\", pg_get_indexdef(indexrelid) AS sql"
    " FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')"
)


@contextmanager
def created_afterwards(connection: Connection) -> Iterator[None]:
    """Drop the indexes, on PostgreSQL also keys and foreign keys; create them again at the end of the block."""
    queries = [SQLITE] if connection.dialect.name == "sqlite" else [CONSTRAINTS, INDEXES]
    statements = [(row.drop, row.sql) for query in queries for row in connection.execute(query)]
    for drop, _ in statements:
        connection.exec_driver_sql(drop)
    yield
    for _, sql in reversed(statements):
        connection.exec_driver_sql(sql)
