"""Statements that fail or hang, as of a database that goes away between two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from flask import Flask
from sqlalchemy import Connection, event

from forms_service.database.transactions import SQLiteBegin
from forms_service.extensions import db


@contextmanager
def before_statements(app: Flask, start: str, act: Callable[[], object]) -> Iterator[None]:
    """Calls `act` before each statement that starts so."""

    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(start):
            act()

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)


@contextmanager
def before_writes(act: Callable[[], object]) -> Iterator[None]:
    """Calls `act` before each BEGIN of a write transaction on SQLite."""
    begin = SQLiteBegin.__call__

    def look(self: SQLiteBegin, connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            act()
        begin(self, connection)

    with mock.patch.object(SQLiteBegin, "__call__", look):
        yield
