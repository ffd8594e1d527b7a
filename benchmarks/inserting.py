"""The baseline of a submission: a bare Flask view that inserts a row and commits, under the same server.

`app` uses Python's SQLite driver with a connection per thread: the minimum possible work. `orm` uses Flask-SQLAlchemy,
as most Flask apps would. Both have the service's database settings.
"""

import os
import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from forms_service.database.engine import SQLITE_PRAGMAS

DATABASE = Path(os.environ["INSTANCE_PATH"]) / "baseline.db"
TABLE = "CREATE TABLE IF NOT EXISTS submission (id TEXT PRIMARY KEY, data TEXT NOT NULL)"

app = Flask(__name__)
orm = Flask(__name__)
local = threading.local()


class Base(DeclarativeBase):
    """The base of the model."""


db = SQLAlchemy(model_class=Base)


class Submission(db.Model):  # type: ignore[name-defined,misc]  # of the extension
    """A row."""

    id: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[str]


def set_up(connection: Any, _: object = None) -> None:
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def connection() -> sqlite3.Connection:
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(DATABASE, isolation_level=None)
        set_up(local.connection)
    local_connection: sqlite3.Connection = local.connection
    return local_connection


connection().execute(TABLE)
orm.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{DATABASE}"
db.init_app(orm)
with orm.app_context():
    event.listen(db.engine, "connect", set_up)


@app.post("/f/<form_id>")
def insert(form_id: str) -> dict[str, bool]:
    connection().execute("BEGIN IMMEDIATE")
    connection().execute("INSERT INTO submission VALUES (?, ?)", (uuid.uuid4().hex, request.get_data(as_text=True)))
    connection().execute("COMMIT")
    return {"ok": True}


@orm.post("/f/<form_id>")
def insert_by_orm(form_id: str) -> dict[str, bool]:
    db.session.add(Submission(id=uuid.uuid4().hex, data=request.get_data(as_text=True)))
    db.session.commit()
    return {"ok": True}


def probe() -> Response:
    return Response("ok")


view: Callable[[], Response] = probe
app.get("/")(view)
orm.get("/")(view)
