"""`python -m benchmarks.soak [MINUTES]`: 70 % of the capacity for an hour; what grows that should not?

Submissions, beside a few pages, checks and sign-ups, and an owner who signs in, searches and exports the last minute.
The capacity is what is taken beside all these. Prints memory, open files, threads and rows of each table every minute;
exits with 1 if something else than what was taken grows by more than 10 % after the first fifth, or if the memory
exceeds MAX_MEMORY.
"""

import json
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psutil

from benchmarks import load
from benchmarks.arrivals import Visits, arrive
from benchmarks.servers import running
from benchmarks.submissions import EVERYTHING_ON, make_form, submission
from forms_service.cpu_affinity import cores

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
SHARE = 0.7
CAPACITY_SECONDS = 30.0
MAX_GROWTH = 1.1
MAX_MEMORY = 120
"""MB of the worker."""

SEARCHES = 10
"""Of the owner before each export."""

EXPORTS = 5
"""After each sign-in: the limits allow ten of these in 15 minutes."""
GROWING = (
    *("submissions", "submission_people", "idempotency_keys", "outbox", "delivery_attempts", "events"),
    *("accounts", "sessions", "tokens", "refresh_tokens"),
)
"""Tables that may: they hold what was accepted, or is to be sent, and each sign-up and sign-in."""


def state(worker: psutil.Process, database: Path) -> dict[str, int]:
    """Figures that may grow."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
    log_size = database.with_name(f"{database.name}-wal").stat().st_size
    figures = {"MB": worker.memory_info().rss >> 20, "files": worker.num_fds(), "threads": worker.num_threads()}
    return {**figures, "WAL MB": log_size >> 20, **{name: count for name, count in rows.items() if count}}


def read_as_visitors(port: int, stopping: threading.Event) -> None:
    """Sign-ins that fail and pages, a few every second."""
    while not stopping.wait(0.5):
        arrive_at = partial(load._run, port)
        for request in (partial(load.get, "/console/sign-in"), partial(load.get, "/health"), partial(load.sign_up, 0)):
            arrive_at(request, {"clients": 1, "seconds": 0.05})


def act_as_owner(port: int, form: str, stopping: threading.Event) -> None:
    """Sign in, search every two seconds, export, and begin again."""

    def call(path: str, body: object = None, token: str = "") -> bytes:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as response:
                    answer: bytes = response.read()
                return answer
            except urllib.error.HTTPError as error:
                print(f"{path}: {error.code}")
                time.sleep(float(error.headers["Retry-After"]))  # of 429 and 503: no other is expected

    while not stopping.is_set():
        signed_in = call("/api/login", {"email": "owner@example.com", "password": "Correct-horse-7"})
        token = json.loads(signed_in)["data"]["access_token"]
        for number in range(EXPORTS * SEARCHES):
            if stopping.wait(2):
                return
            call(f"/api/forms/{form}/submissions/search", {"q": f"nobody {number}"}, token)
            if number % SEARCHES == SEARCHES - 1:
                since = datetime.now(UTC) - timedelta(minutes=1)
                call(f"/api/forms/{form}/export?format=csv&since={since:%Y-%m-%dT%H:%M:%SZ}", token=token)


def main() -> int:
    seconds = MINUTES * 60
    print(f"{cores()} cores, {MINUTES:g} minutes at {SHARE:.0%} of the capacity, one worker, SQLite")
    with tempfile.TemporaryDirectory() as folder, load.pool() as pool, _visitors() as visitors:
        form = make_form(Path(folder))
        path = f"/f/{form}"
        settings = {**EVERYTHING_ON, "INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING"}
        with running("wsgi:app", "/health/live", log=Path(folder, "log"), **settings) as server:
            post = partial(submission, path)
            stopping = threading.Event()
            readers = [
                threading.Thread(target=read_as_visitors, args=(server.port, stopping)),
                threading.Thread(target=act_as_owner, args=(server.port, form, stopping)),
            ]
            for reader in readers:
                reader.start()
            rate = load.start(pool, server.port, post, clients=64, seconds=CAPACITY_SECONDS).result().per_second()
            visit = visitors.submit(arrive, server.port, post, SHARE * rate, seconds)
            live = load.start(
                pool, server.port, partial(load.get, "/health/live"), clients=1, seconds=seconds, pause=0.1
            )
            states = list(watched(server.worker, Path(folder, "forms.db"), seconds))
            stopping.set()
            for reader in readers:
                reader.join()
            visits: Visits = visit.result()
            latency = live.result().percentile(99)
    accepted = len(visits.milliseconds.get(200, []))
    print(
        f"capacity {rate:.0f}/s; taken {accepted / seconds:.0f}/s, refused {len(visits.milliseconds.get(503, []))}"
        f"; live p99 {latency:.0f} ms"
    )
    return verdict(states)


def watched(worker: psutil.Process, database: Path, seconds: float) -> "list[dict[str, int]]":
    """Print the state twenty times or each minute."""
    states, started = [], time.monotonic()
    interval = min(60.0, seconds / 20)
    while time.monotonic() - started < seconds:
        time.sleep(interval)
        states.append(state(worker, database))
        print(
            f"{(time.monotonic() - started) / 60:6.1f} min", *(f"{name} {value}" for name, value in states[-1].items())
        )
    return states


def verdict(states: list[dict[str, int]]) -> int:
    """1 if something grows that should not."""
    settled, last = states[len(states) // 5], states[-1]
    grown = [
        f"{name}: {settled.get(name, 0)} → {value}"
        for name, value in last.items()
        if name not in GROWING and value > max(settled.get(name, 0) * MAX_GROWTH, settled.get(name, 0) + 5)
    ]
    if (most := max(one["MB"] for one in states)) > MAX_MEMORY:
        grown.append(f"memory: {most} MB, more than {MAX_MEMORY}")
    print("flat" if not grown else f"grown: {', '.join(grown)}")
    return 1 if grown else 0


def _visitors() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


if __name__ == "__main__":
    sys.exit(main())
