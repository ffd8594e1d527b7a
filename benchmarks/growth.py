"""`python -m benchmarks.growth [ROWS] [SECONDS] [ROUNDS]`: does taking a submission cost more when many are stored?

Two services on SQLite take turns: an empty one, and one with ROWS submissions, each with its e-mail address and a mail
that was sent, copied from a real one with hashes and addresses of their own. Nothing is sent meanwhile. Prints the
processor time of a submission, the start-up and the memory of each; exits with 1 above MAX_COST.
"""

import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks import load
from benchmarks.servers import Running, running
from benchmarks.submissions import EVERYTHING_ON, Side, Turn, make_form, measure, submission
from forms_service.cpu_affinity import cores
from forms_service.database.types import new_id

CLIENTS = 8
MAX_COST = 1.2
BATCH = 20_000
KEYS = {"submissions": "id", "submission_people": "submission_id", "outbox": "about"}
"""Tables that a submission writes, and their columns with its id."""

HASHES = {"content_hash", "fingerprint", "email_index", "target_index"}
EMPTY, FULL = "empty", "full"


def read_templates(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """The only row of each table."""
    connection.row_factory = sqlite3.Row
    return {table: dict(connection.execute(f"SELECT * FROM {table}").fetchone()) for table in KEYS}


def copy_row(table: str, template: dict[str, Any], submission_id: str) -> dict[str, Any]:
    """The same for another submission, with hashes and an address of its own."""
    row = {**template, KEYS[table]: submission_id}
    if table == "outbox":
        row |= {"id": new_id().hex, "state": "sent"}
    return row | {column: secrets.token_bytes(32) for column in HASHES & set(row)}


def fill(database: Path, rows: int) -> None:
    """Copy the only submission `rows` times, with its other rows."""
    started = time.perf_counter()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        templates = read_templates(connection)
        for first in range(0, rows, BATCH):
            ids = [new_id().hex for _ in range(first, min(first + BATCH, rows))]
            connection.execute("BEGIN")
            for table, template in templates.items():
                columns, values = (
                    ", ".join(f'"{name}"' for name in template),
                    ", ".join(f":{name}" for name in template),
                )
                batch = (copy_row(table, template, submission_id) for submission_id in ids)
                connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", batch)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = database.stat().st_size / 2**20
    print(f"filled with {rows:,} submissions in {time.perf_counter() - started:.0f} s, {size:.0f} MiB", flush=True)


def start(stack: ExitStack, folder: Path) -> Running:
    settings = {"INSTANCE_PATH": str(folder), "BACKGROUND_WORK": "outside", **EVERYTHING_ON}
    return stack.enter_context(running("wsgi:app", "/health/live", log=folder / "log", **settings))


def send_one(server: Running, path: str) -> None:
    _, _, body = submission(path).partition(b"\r\n\r\n")
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", body)
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=10).close()


def main(rows: float = 1_000_000, seconds: float = 5, rounds: float = 3) -> float:
    print(f"{cores()} cores, Python {sys.version.split()[0]}, {rounds:g} turns of {seconds:g} s each, SQLite")
    with ExitStack() as stack, load.pool() as pool:
        sides = []
        for name in (EMPTY, FULL):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            path = f"/f/{make_form(folder)}"
            if name == FULL:
                with ExitStack() as first:
                    send_one(start(first, folder), path)
                fill(folder / "forms.db", int(rows))
            sides.append(Side(name, start(stack, folder), path))
        turns: dict[str, list[Turn]] = defaultdict(list)
        for _ in range(int(rounds) + 1):
            for side in sides:
                turns[side.name].append(measure(pool, side, CLIENTS, seconds))
        return show(sides, turns)


def show(sides: list[Side], turns: dict[str, list[Turn]]) -> float:
    """Print the medians without the first turn, which warms up; return the ratio of processor time."""
    print(f"\n{'':12}{'per second':>12}{'p99 ms':>10}{'µs of CPU':>12}{'start-up s':>12}{'memory MB':>12}")
    work = {}
    for side in sides:
        measured = turns[side.name][1:]
        work[side.name] = statistics.median(turn.work for turn in measured)
        rate = statistics.median(turn.result.per_second() for turn in measured)
        p99 = statistics.median(turn.result.percentile(99) for turn in measured)
        memory = side.server.worker.memory_info().rss / 2**20
        figures = f"{rate:12.0f}{p99:10.1f}{work[side.name]:12.0f}{side.server.start_seconds:12.2f}{memory:12.0f}"
        print(f"{side.name:12}{figures}", flush=True)
    cost = work[FULL] / work[EMPTY]
    print(f"cost of a submission, full / empty: {cost:.2f}")
    return cost


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])) > MAX_COST)
