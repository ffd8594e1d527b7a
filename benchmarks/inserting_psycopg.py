"""The baseline of a submission on PostgreSQL: a bare Flask view that inserts a row and commits, under the same server.

A process keeps CONNECTIONS open and lends them to its threads: with one for each thread, 64 clients would be slower.
"""

import os
import uuid
from queue import LifoQueue
from typing import Any

import psycopg
from flask import Flask, Response, request

TABLE = "CREATE TABLE IF NOT EXISTS submission (id uuid PRIMARY KEY, data text NOT NULL)"
CONNECTIONS = 10

app = Flask(__name__)
idle: LifoQueue[Any] = LifoQueue()


def connect() -> Any:
    return psycopg.connect(os.environ["BASELINE_URL"])


for _ in range(CONNECTIONS):
    idle.put(None)


@app.post("/f/<form_id>")
def insert(form_id: str) -> dict[str, bool]:
    connection = idle.get() or connect()
    connection.execute("INSERT INTO submission VALUES (%s, %s)", (uuid.uuid4(), request.get_data(as_text=True)))
    connection.commit()
    idle.put(connection)
    return {"ok": True}


@app.get("/")
def probe() -> Response:
    return Response("ok")
