"""`python -m benchmarks [SECONDS]`: the service beside a bare Flask view, in one run; figures and ratios."""

import functools
import os
import re
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import bcrypt
from sqlalchemy import select

from benchmarks import load
from benchmarks.servers import Running, running
from forms_service.accounts import service
from forms_service.accounts.models import Account
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.cpu_affinity import cores
from forms_service.extensions import db

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10
ROUNDS = 12
SHOWN = ("/health/live", "/health")


def hash_for(seconds: float) -> int:
    """Passwords that one core hashes meanwhile."""
    until, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        bcrypt.hashpw(b"x" * 44, bcrypt.gensalt(ROUNDS))
        count += 1
    return count


def hashes_per_second() -> float:
    """Passwords that the machine's cores hash together."""
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(hash_for, [0.1] * cores()))  # the processes are there now
        started = time.perf_counter()
        count = sum(pool.map(hash_for, [SECONDS / 2] * cores()))
        return count / (time.perf_counter() - started)


def requests(pool: ProcessPoolExecutor, baseline: Running, forms: Running) -> None:
    """Requests a second and latency, beside the baseline's."""
    print(f"\n{'8 clients':24}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'relative to baseline':>22}")
    base = 0.0
    for name, server, path in [("bare Flask view", baseline, "/"), *((path, forms, path) for path in SHOWN)]:
        result = load.start(pool, server.port, functools.partial(load.get, path), seconds=SECONDS).result()
        base = base or result.per_second()
        row = f"{result.per_second():12.0f}{result.percentile(50):10.2f}{result.percentile(99):10.2f}"
        print(f"{name:24}{row}{result.per_second() / base:22.2f}")
    alone = load.start(pool, forms.port, functools.partial(load.get, "/health"), clients=1, seconds=3).result()
    print(f"/health, one client: median {alone.percentile(50):.2f} ms, p99 {alone.percentile(99):.2f} ms")


def sign_ups(pool: ProcessPoolExecutor, forms: Running) -> None:
    """Sign-ups against the machine's hashes, and whether the rest still answers meanwhile."""
    print(f"\n{'sign-up':24}{'per second':>12}{'hash limit':>12}{'ratio':>8}{'live p50':>10}{'live p99 ms':>13}")
    for clients in (8, 32, 64):
        limit = hashes_per_second()
        numbered = functools.partial(load.sign_up, clients)
        flood = load.start(pool, forms.port, numbered, clients=clients, seconds=2 * SECONDS)
        live = load.start(
            pool, forms.port, functools.partial(load.get, "/health/live"), clients=1, seconds=2 * SECONDS, pause=0.05
        ).result()
        result = flood.result()
        rate = result.per_second(201)
        row = f"{rate:12.2f}{limit:12.2f}{rate / limit:8.3f}{live.percentile(50):10.2f}{live.percentile(99):13.2f}"
        refused = f"   {result.count(503)} told to come back" if result.count(503) else ""
        print(f"{clients:3} clients{'':13}{row}{refused}")


def processor(pool: ProcessPoolExecutor, baseline: Running, forms: Running) -> None:
    """Percent of a core at the same rate, a fifth of what the baseline can do or less."""
    print(f"\n{'200 requests a second':24}{'% of a core':>12}")
    for name, server, path in (("bare Flask view", baseline, "/"), ("/health/live", forms, "/health/live")):
        server.worker.cpu_percent()
        load.start(
            pool, server.port, functools.partial(load.get, path), clients=4, seconds=SECONDS / 2, pause=0.0195
        ).result()
        print(f"{name:24}{server.worker.cpu_percent():12.1f}")


def cache_hits(pool: ProcessPoolExecutor, baseline: Running) -> None:
    """Rate of cache hits for an external service's health."""
    settings = {"HEALTH_CHECK_URLS": f"baseline=http://127.0.0.1:{baseline.port}/", "RATE_LIMIT_ENABLED": "false"}
    with running("wsgi:app", "/health/live", **settings) as forms:
        load_result = load.start(pool, forms.port, functools.partial(load.get, "/health"), seconds=SECONDS).result()
        with urllib.request.urlopen(f"http://127.0.0.1:{forms.port}/metrics") as answer:
            text = answer.read().decode()
    counts = {
        result: float(value) for result, value in re.findall(r'forms_cache_lookups_total{result="(\w+)"} (\S+)', text)
    }
    rate = counts.get("hit", 0) / (counts.get("hit", 0) + counts["miss"])
    print(f"\ncache: {load_result.count()} looks at an external service, {rate:.1%} out of the cache")


def queries() -> None:
    """Finding one of 10,000 accounts by its address: through the ORM, decrypted; and SQLite alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING"}
        app = create_app(load_settings(Path(folder)))
        with app.app_context():
            make_accounts(10_000)
            addresses = [f"p{number}@example.com" for number in range(0, 10_000, 10)]
            orm = [timed(lambda address=address: find_account(address)) for address in addresses]
            indexes = [service.email_index(address) for address in addresses]
        with closing(sqlite3.connect(f"{folder}/forms.db")) as connection:
            statement = "SELECT * FROM accounts WHERE email_index = ?"
            raw = [timed(lambda index=index: connection.execute(statement, (index,)).fetchone()) for index in indexes]
    ratio = statistics.median(orm) / statistics.median(raw)
    print(f"\nquery by address: median {statistics.median(orm):.0f} µs with index and decryption", end=", ")
    print(f"{statistics.median(raw):.0f} µs for SQLite alone, {ratio:.1f} times")


def make_accounts(count: int) -> None:
    values = {"first_name": "Ann", "last_name": "Example", "password_hash": "", "role": "user", "status": "active"}
    for number in range(count):
        address = f"p{number}@example.com"
        db.session.add(Account(email=address, email_index=service.email_index(address), **values))
    db.session.commit()


def find_account(address: str) -> str:
    with db.session.no_autoflush:
        account = db.session.scalars(select(Account).where(Account.email_index == service.email_index(address))).one()
    db.session.rollback()
    return account.email


def timed(act: "object") -> float:
    started = time.perf_counter()
    act()  # type: ignore[operator]
    return (time.perf_counter() - started) * 1e6


def main() -> None:
    print(f"{cores()} cores, Python {sys.version.split()[0]}, {SECONDS:g} s a figure, one worker, SQLite")
    with (
        running("benchmarks.baseline:app", "/") as baseline,
        running("wsgi:app", "/health/live", RATE_LIMIT_ENABLED="false") as forms,
        load.pool() as pool,
    ):
        print(f"start to first answer: {forms.start_seconds:.2f} s, the baseline {baseline.start_seconds:.2f} s")
        requests(pool, baseline, forms)
        sign_ups(pool, forms)
        processor(pool, baseline, forms)
        memory = {
            name: server.worker.memory_info().rss / 2**20 for name, server in (("", forms), ("baseline", baseline))
        }
        print(f"\nmemory of the worker after all that: {memory['']:.0f} MB, the baseline's {memory['baseline']:.0f} MB")
        cache_hits(pool, baseline)
    queries()


if __name__ == "__main__":
    main()
