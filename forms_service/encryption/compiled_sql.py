"""Precompiled SQL for the hot path, executed on the DBAPI cursor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, FromClause, Select, Table, insert
from sqlalchemy.engine import Dialect

from forms_service.database.driver import execute
from forms_service.database.round_trip import (
    COMMIT,
    NUMBERS,
    Statement,
    array_type,
    execute_together,
)
from forms_service.database.transactions import lock_number
from forms_service.encryption.keyring import Encrypted, current_key_ring
from forms_service.security.key_ring import KeyRing, row_key

MAX_VALUES = 900
"""Per statement; older SQLites allow 999."""

LOCK = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number"

Convert = Callable[[Any], Any]

_Compiled = tuple[str, list[tuple[str, Convert | None]], list[Convert | None]]


class EncryptedInsert:
    """Encrypts rows before taking the write lock."""

    def __init__(self, table: FromClause) -> None:
        self._table = cast("Table", table)
        self._names = tuple(self._table.columns.keys())
        self.key = tuple(column.name for column in self._table.primary_key)
        types = {column.name: column.type for column in self._table.columns}
        self.encrypted = [(name, type_.context) for name, type_ in types.items() if isinstance(type_, Encrypted)]
        self._arrays = [array_type(type_) for type_ in types.values()]
        self._converted = [(name, type_) for name, type_ in types.items() if not isinstance(type_, Encrypted)]
        self._by_dialect: dict[str, tuple[str, list[tuple[str, Convert]]]] = {}

    def execute(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Insert on SQLite."""
        statement, _ = self.compile(connection.dialect)
        head, _, placeholders = statement.partition(" VALUES ")
        size = MAX_VALUES // len(self._names)
        for batch in (rows[start : start + size] for start in range(0, len(rows), size)):
            # one multi-row INSERT: sqlite3 releases and reacquires the GIL on every execute()
            values = [row[name] for row in batch for name in self._names]
            execute(connection, f"{head} VALUES {', '.join([placeholders] * len(batch))}", values)

    def statement(self, dialect: Dialect, rows: list[dict[str, Any]]) -> Statement:
        """Return one INSERT of all rows for PostgreSQL, with an array for each column."""
        sql, _ = self.compile(dialect)
        columns = zip(self._names, self._arrays, strict=True)
        return Statement(sql, tuple(array.join([row[name] for row in rows]) for name, array in columns))

    def compile(self, dialect: Dialect) -> tuple[str, list[tuple[str, Convert]]]:
        if dialect.name not in self._by_dialect:
            make = self._compile_arrays if dialect.name == "postgresql" else self._compile_values
            self._by_dialect[dialect.name] = make(dialect)
        return self._by_dialect[dialect.name]

    def _compile_values(self, dialect: Dialect) -> tuple[str, list[tuple[str, Convert]]]:
        converters = [(name, _converter(type_, dialect)) for name, type_ in self._converted]
        statement = str(insert(self._table).compile(dialect=dialect))
        return statement, [(name, convert) for name, convert in converters if convert]

    def _compile_arrays(self, dialect: Dialect) -> tuple[str, list[tuple[str, Convert]]]:
        arrays = ", ".join(f"${number}::{array.name}" for number, array in enumerate(self._arrays, 1))
        head, _, _ = str(insert(self._table).compile(dialect=dialect)).partition(" VALUES ")
        statement = " ".join((head, "SELECT * FROM unnest(", arrays, ")"))
        return statement, [(name, array.element) for name, array in zip(self._names, self._arrays, strict=True)]


Row = tuple[EncryptedInsert, dict[str, Any]]


def prepare_rows(rows: Sequence[Row], dialect: Dialect, ring: KeyRing | None = None) -> list[Row]:
    """Encrypt in place, before the transaction."""
    converters = {table: table.compile(dialect)[1] for table, _ in rows}
    for table, values in rows:
        if table.encrypted:
            ring = ring or current_key_ring()
            key = row_key(map(values.__getitem__, table.key))
            for name, context in table.encrypted:
                if values[name] is not None:
                    values[name] = ring.encrypt(values[name], context, key)
    for table, values in rows:
        for name, convert in converters[table]:
            values[name] = convert(values[name])
    return list(rows)


def insert_rows(connection: Connection, rows: Sequence[Row], *, commit: bool = False) -> None:
    """Execute one statement per table; on PostgreSQL in one round trip, with `commit` its COMMIT too."""
    by_table: dict[EncryptedInsert, list[dict[str, Any]]] = {}
    for table, values in rows:
        by_table.setdefault(table, []).append(values)
    if connection.dialect.name == "postgresql":
        statements = [table.statement(connection.dialect, batch) for table, batch in by_table.items()]
        if statements or commit:
            execute_together(connection, [*statements, *([COMMIT] if commit else [])])
        return
    for table, batch in by_table.items():
        table.execute(connection, batch)


class CompiledQuery:
    """Compiled once; SQLAlchemy takes 100 µs each time."""

    def __init__(self, make: Callable[[], Select[*tuple[Any, ...]]]) -> None:
        self._make = make
        self._by_dialect: dict[str, _Compiled] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        dialect = connection.dialect
        if dialect.name not in self._by_dialect:
            self._by_dialect[dialect.name] = _compile(self._make(), dialect)
        statement, parameters, results = self._by_dialect[dialect.name]
        pairs = [(name, convert(values[name]) if convert else values[name]) for name, convert in parameters]
        cursor = execute(connection, statement, [value for _, value in pairs] if dialect.positional else dict(pairs))
        return [
            [convert(value) if convert else value for convert, value in zip(results, row, strict=True)]
            for row in cursor
        ]


def _compile(query: Select[*tuple[Any, ...]], dialect: Any) -> _Compiled:
    compiled: Any = query.compile(dialect=dialect)
    names = compiled.positiontup if dialect.positional else list(compiled.binds)
    parameters = [(name, _converter(compiled.binds[name].type, dialect)) for name in names]
    types = [column.type.dialect_impl(dialect) for column in query.selected_columns]
    return str(compiled), parameters, [type_.result_processor(dialect, None) for type_ in types]


def _converter(type_: Any, dialect: Dialect) -> Convert | None:
    convert: Convert | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return convert


def lock_statement(hashes: Iterable[bytes]) -> Statement:
    """Hold a lock for each hash until PostgreSQL's transaction ends."""
    # in one order, so that two processes never wait for each other
    return Statement(LOCK, (NUMBERS.array(sorted(set(map(lock_number, hashes)))),))
