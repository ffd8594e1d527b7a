"""Statements that PostgreSQL executes in one round trip.

psycopg's pipeline polls the socket for each statement and each row. Each poll releases the GIL, and busy threads give
it back after 5 ms.
"""

import struct
import uuid
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Connection, DateTime, Integer, LargeBinary, String, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from forms_service.database.driver import as_sqlalchemy

BINARY = 1
"""Format of parameters and results."""

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

NULL = struct.pack("!i", -1)
ARRAY_HEADER = struct.Struct("!iiiii")
"""Dimensions, whether it may hold nulls, element type, length, first index."""

_LENGTH = struct.Struct("!i")
_NUMBER = struct.Struct("!iq")
_BOOLEAN = struct.Struct("!i?")


class Statement(NamedTuple):
    """SQL with placeholders `$1`, and their values in PostgreSQL's binary format."""

    sql: str
    values: tuple[bytes, ...] = ()


BEGIN, COMMIT = Statement("BEGIN"), Statement("COMMIT")


class ArrayType(NamedTuple):
    """A column's type, as an array of one value for each row."""

    name: str
    element_oid: int
    encode: Callable[[Any], bytes]
    """Encodes an element with its length."""

    def element(self, value: Any) -> bytes:
        return NULL if value is None else self.encode(value)

    def join(self, elements: Sequence[bytes]) -> bytes:
        """Return the array of these elements."""
        return ARRAY_HEADER.pack(1, 1, self.element_oid, len(elements), 1) + b"".join(elements)

    def array(self, values: Iterable[Any]) -> bytes:
        return self.join(list(map(self.element, values)))


def _encode_bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _encode_text(value: str) -> bytes:
    return _encode_bytes(value.encode())


def _encode_uuid(value: uuid.UUID) -> bytes:
    return _encode_bytes(value.bytes)


def _encode_number(value: int) -> bytes:
    return _NUMBER.pack(8, value)


def _encode_boolean(value: bool) -> bytes:
    return _BOOLEAN.pack(1, value)


def _encode_time(value: datetime) -> bytes:
    return _NUMBER.pack(8, (value - EPOCH) // MICROSECOND)


BYTEA = ArrayType("bytea[]", 17, _encode_bytes)
NUMBERS = ArrayType("bigint[]", 20, _encode_number)
TIMES = ArrayType("timestamptz[]", 1184, _encode_time)

ARRAY_TYPES: dict[type[TypeEngine[Any]], ArrayType] = {
    LargeBinary: BYTEA,
    Integer: NUMBERS,
    DateTime: TIMES,
    Uuid: ArrayType("uuid[]", 2950, _encode_uuid),
    Boolean: ArrayType("bool[]", 16, _encode_boolean),
    String: ArrayType("text[]", 25, _encode_text),
}


def array_type(column_type: TypeEngine[Any]) -> ArrayType:
    """Return the array for values of a column's type."""
    plain = column_type.impl_instance if isinstance(column_type, TypeDecorator) else column_type
    return next(array for kind, array in ARRAY_TYPES.items() if isinstance(plain, kind))


def encode_time(value: datetime) -> bytes:
    """Encode one time, outside an array."""
    return _encode_time(value)[_LENGTH.size :]


def decode_time(value: bytes) -> datetime:
    return EPOCH + int.from_bytes(value, signed=True) * MICROSECOND


def execute_together(connection: Connection, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """Execute statements in one round trip; return the rows of each, in binary.

    The first ones of a transaction take its BEGIN along.

    :raises DBAPIError: SQLAlchemy's, of the first that fails; those after it are not executed
    """
    driver: Any = connection.dialect.loaded_dbapi
    driver_connection: Any = connection.connection.driver_connection
    server: Any = driver_connection.pgconn
    begin = [BEGIN] if server.transaction_status == driver.pq.TransactionStatus.IDLE else []
    prepared = connection.info.setdefault("prepared", {}) if getattr(driver_connection, "may_prepare", False) else None
    exchange = _exchange(driver, server, [*begin, *statements], prepared)
    try:
        with driver_connection.lock:
            rows: list[list[tuple[Any, ...]]] = driver_connection.wait(exchange)
        return rows[len(begin) :]
    except driver.Error as error:
        raise as_sqlalchemy(connection, error) from error


def _exchange(
    driver: Any, server: Any, statements: Sequence[Statement], prepared: "dict[str, bytes] | None"
) -> Generator[Any, Any, list[list[tuple[Any, ...]]]]:
    server.enter_pipeline_mode()
    preparations: list[tuple[str, bytes] | None] = []  # for each command sent: what it prepares
    names = dict(prepared or {})
    for sql, values in statements:
        formats = [BINARY] * len(values)
        if not values or prepared is None:
            server.send_query_params(sql.encode(), values, param_formats=formats, result_format=BINARY)
        else:
            if sql not in names:
                # not before BEGIN and `SET LOCAL lock_timeout`: it waits for locks on the tables too
                names[sql] = b"together_%d" % len(names)
                server.send_prepare(names[sql], sql.encode())
                preparations.append((sql, names[sql]))
            server.send_query_prepared(names[sql], values, param_formats=formats, result_format=BINARY)
        preparations.append(None)
    server.pipeline_sync()
    results = yield from _results(driver, server, len(preparations))
    server.exit_pipeline_mode()
    status = driver.pq.ExecStatus
    answers = []
    for preparation, result in zip(preparations, results, strict=False):
        if preparation is None:
            answers.append(result)
        elif prepared is not None and result.status == status.COMMAND_OK:
            prepared.update([preparation])
    for result in results:
        if result.status == status.FATAL_ERROR:
            raise driver.errors.error_from_result(result)
    if statements[-1] is COMMIT and answers[-1].command_status != b"COMMIT":  # ROLLBACK after an earlier failure
        raise driver.InternalError("nothing was committed")
    return [
        [tuple(result.get_value(row, column) for column in range(result.nfields)) for row in range(result.ntuples)]
        for result in answers
    ]


def _results(driver: Any, server: Any, count: int) -> Generator[Any, Any, list[Any]]:
    wait, ready = driver.waiting.Wait, driver.waiting.Ready
    while server.flush():
        if (yield wait.RW) & ready.R:
            server.consume_input()
    results: list[Any] = []
    while len(results) <= count:  # the last one says that the pipeline is synchronised
        while server.is_busy():
            yield wait.R
            server.consume_input()
        result = server.get_result()
        if result is not None:
            results.append(result)
        elif server.status != driver.pq.ConnStatus.OK:
            raise driver.OperationalError("the connection is lost")
    return results[:count]
