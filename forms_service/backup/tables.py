"""Tables as they are in the database, of any schema revision, and their rows as JSON, alike on both databases.

uuid: 32 hex digits · bytes: base64 · datetime: RFC 3339 in UTC · date: ISO 8601 · json: its text
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, inspect
from sqlalchemy.types import TypeEngine

from forms_service.backup.archive import BackupError
from forms_service.database.driver import as_sqlalchemy

BATCH_ROWS = 1000
KEYRING = "keyring"
VERSION_TABLE = "alembic_version"
TRANSIENT = {None, VERSION_TABLE, "limit_windows"}
"""Tables without anything to keep; None stands for a circle of foreign keys."""

Values = Sequence[Any]
Convert = Callable[[Any], Any]

KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.Uuid, "uuid"),
    (sa.Boolean, "boolean"),
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
    (sa.LargeBinary, "bytes"),
    (sa.JSON, "json"),
    (sa.Integer, "integer"),
    (sa.String, "text"),
)

TO_JSON: dict[str, dict[str, Convert]] = {
    "sqlite": {
        "boolean": bool,
        "bytes": lambda value: b2a_base64(value, newline=False).decode(),
        "datetime": lambda value: f"{value.replace(' ', 'T')}Z",
    },
    "postgresql": {
        "uuid": lambda value: value.hex,
        "bytes": lambda value: b2a_base64(value, newline=False).decode(),
        "date": lambda value: value.isoformat(),
        "datetime": lambda value: f"{value.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z",
    },
}
FROM_JSON: dict[str, dict[str, Convert]] = {
    "sqlite": {"bytes": a2b_base64, "datetime": lambda value: value[:-1].replace("T", " ")},
    "postgresql": {"bytes": a2b_base64},
}


@dataclass(frozen=True)
class TableLayout:
    name: str
    columns: dict[str, str]
    """Name → kind."""

    key: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_layouts(connection: Connection) -> list[TableLayout]:
    """Return the tables, the keys first and each after those that it refers to."""
    inspector = inspect(connection)
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name not in TRANSIENT]
    layouts = [
        TableLayout(
            name=str(name),
            columns={column["name"]: _kind(name, column) for column in inspector.get_columns(str(name))},
            key=list(inspector.get_pk_constraint(str(name))["constrained_columns"]),
        )
        for name in names
    ]
    return sorted(layouts, key=lambda layout: layout.name != KEYRING)


def count_rows(connection: Connection, layout: TableLayout) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(sa.table(layout.name))).scalar_one()


def read_rows(connection: Connection, layout: TableLayout) -> Iterator[list[Values]]:
    """Yield all rows in batches."""
    name = connection.dialect.name
    query = sa.select(*(_selected(column, kind, name) for column, kind in layout.columns.items()))
    result = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS).execute(
        query.select_from(sa.table(layout.name))
    )
    for batch in result.partitions():
        yield list(_convert(batch, layout, TO_JSON[name]))


def insert_rows(connection: Connection, layout: TableLayout, rows: Sequence[Values]) -> None:
    """Insert rows by the fastest way of the driver, which SQLAlchemy would double the time of.

    :raises sqlalchemy.exc.DBAPIError: if the database fails, such as on a full disk
    """
    cursor: Any = connection.connection.cursor()
    try:
        with closing(cursor):
            _insert(cursor, connection, layout, _convert(rows, layout, FROM_JSON[connection.dialect.name]))
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(connection, error) from error


def _insert(cursor: Any, connection: Connection, layout: TableLayout, rows: Iterator[Values]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, layout.columns))
    if connection.dialect.name == "sqlite":
        placeholders = ", ".join("?" * len(layout.columns))
        statement = f"INSERT INTO {quote(layout.name)} ({columns}) VALUES ({placeholders})"  # noqa: S608 (names of the schema)
        cursor.executemany(statement, rows)
        return
    with cursor.copy(f"COPY {quote(layout.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _convert(rows: Sequence[Values], layout: TableLayout, converters: dict[str, Convert]) -> Iterator[Values]:
    """Convert column by column, so that most need nothing done."""
    if not rows:
        return iter(())
    kinds, columns = map(converters.get, layout.columns.values()), zip(*rows, strict=True)
    return zip(*(_convert_column(column, convert) for convert, column in zip(kinds, columns, strict=True)), strict=True)


def _convert_column(column: Values, convert: Convert | None) -> Values:
    return [None if value is None else convert(value) for value in column] if convert else column


def _selected(name: str, kind: str, dialect: str) -> Any:
    column: Any = sa.column(name)
    # psycopg would parse it, and lose how its numbers are written
    return sa.cast(column, sa.Text) if kind == "json" and dialect == "postgresql" else column


def _kind(table: str | None, column: Any) -> str:
    type_ = column["type"]
    if isinstance(type_, sa.CHAR) and type_.length == 32:  # SQLAlchemy's UUID on SQLite
        return "uuid"
    for class_, kind in KINDS:
        if isinstance(type_, class_):
            return kind
    raise BackupError(f"The column {table}.{column['name']} has a type that backups do not know: {type_}")
