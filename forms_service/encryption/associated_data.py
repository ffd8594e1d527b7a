"""How an encrypted value is bound to its row: the text of the row's key, and the SQL that reads a value with it.

The key of a row is in the associated data, so a value has to be read together with it. `located` puts the two into one
column of the result, which is why any query, of whole objects or of single columns, can be decrypted.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Integer, LargeBinary, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

SEPARATOR = b"|"
"""Stands between key and value; no key holds it."""


class BoundText(str):
    """A text on its way into an encrypted column, with the key of its row."""

    __slots__ = ("row",)
    row: str


class Unreadable(str):
    """Stands for a value that was changed on the disk or moved from another row; empty, or an empty JSON object."""

    __slots__ = ()


def bind_to_row(text: str, row: str) -> BoundText:
    """The text with the key of its row."""
    bound = BoundText(text)
    bound.row = row
    return bound


def unreadable_flag(*values: object) -> dict[str, bool]:
    """The mark of a row that shows one of these values, where one cannot be read: `{"unreadable": True}`."""
    return {"unreadable": True} if any(isinstance(value, Unreadable) for value in values) else {}


def row_key(key: Iterable[object]) -> str:
    """The text of a primary key, the same on both databases."""
    return ",".join(map(_part_text, key))


def _part_text(part: object) -> str:
    if isinstance(part, uuid.UUID):
        return part.hex
    return part.hex() if isinstance(part, bytes) else str(part)


class located(FunctionElement[Any]):  # noqa: N801 (an SQL function's name)
    """A value with the key of its row in front."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], type_: TypeEngine[Any]) -> None:
        table: Any = getattr(column, "table", None)
        keys = list(table.primary_key) if table is not None else []
        if not keys:
            raise TypeError(f"{column}: an encrypted column is read from its table, whose key decrypts it.")
        self.type = type_
        super().__init__(*keys, column)


@compiles(located, "sqlite")
def _on_sqlite(element: located, compiler: Any, **options: Any) -> str:
    *keys, value = element.clauses
    texts = [_sqlite_text(key, compiler.process(key, **options)) for key in keys]
    return f"CAST({' || char(44) || '.join(texts)} || char(124) || {compiler.process(value, **options)} AS BLOB)"


@compiles(located, "postgresql")
def _on_postgresql(element: located, compiler: Any, **options: Any) -> str:
    *keys, value = element.clauses
    texts = [_postgresql_text(key, compiler.process(key, **options)) for key in keys]
    joined = " || chr(44) || ".join(texts)
    return f"(convert_to({joined} || chr(124), 'UTF8') || {compiler.process(value, **options)})"


def _sqlite_text(key: ColumnElement[Any], sql: str) -> str:
    return f"lower(hex({sql}))" if isinstance(key.type, LargeBinary) else sql


def _postgresql_text(key: ColumnElement[Any], sql: str) -> str:
    if isinstance(key.type, Uuid):
        return f"replace(CAST({sql} AS TEXT), '-', '')"
    if isinstance(key.type, LargeBinary):
        return f"encode({sql}, 'hex')"
    return f"CAST({sql} AS TEXT)" if isinstance(key.type, Integer) else sql
