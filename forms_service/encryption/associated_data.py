"""Binds encrypted values to their row, whose key is associated data.

`located` selects both as one column, so that any query can decrypt.
"""

from typing import Any

from sqlalchemy import ColumnElement, Integer, LargeBinary, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

SEPARATOR = b"|"
"""No key contains it."""


class BoundText(str):
    """Carries its row's key."""

    __slots__ = ("row",)
    row: str


class Unreadable(str):
    """Replaces a value altered on disk or moved from another row."""

    __slots__ = ()


def bind_to_row(text: str, row: str) -> BoundText:
    bound = BoundText(text)
    bound.row = row
    return bound


def unreadable_flag(*values: object) -> dict[str, bool]:
    """Return `{"unreadable": True}` if any value is `Unreadable`."""
    return {"unreadable": True} if any(isinstance(value, Unreadable) for value in values) else {}


class located(FunctionElement[Any]):  # noqa: N801 (an SQL function's name)
    """Selects the row's key, then the value."""

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
