"""`python -m benchmarks.processes [SECONDS] [ROUNDS] [WORKERS...]`: taking submissions with several workers.

Like `benchmarks.submissions`, on PostgreSQL and Redis, beside a bare view that inserts and commits there, with the same
number of workers. By default 2 workers; `5 3 1 2` measures one and two, and ends with what a further worker adds.
`taskset -c 0` limits servers and clients to one core; the databases keep theirs.
DATABASE_URL names a PostgreSQL on which databases are made and dropped, REDIS_URL a database of Redis for itself.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from benchmarks import inserting_psycopg, load
from benchmarks.servers import ROOT, running
from benchmarks.submissions import CLIENTS, EVERYTHING_ON, Side, compare, make_form, measure, settle
from forms_service.cpu_affinity import cores

POSTGRES = os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/1")
WARM_UP = 2.0
"""Seconds: the first requests of a worker import modules, compile statements and connect."""


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """A database that is dropped afterwards; its URL."""
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def sides(stack: ExitStack, workers: int) -> list[Side]:
    """The baseline and the service, each with its own database and this many workers."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    urls = [stack.enter_context(new_database(f"speed_{name}_{os.getpid()}")) for name in ("baseline", "service")]
    with psycopg.connect(urls[0]) as connection:
        connection.execute(inserting_psycopg.TABLE)
    settings = {"INSTANCE_PATH": str(folder), "DATABASE_URL": urls[1], "REDIS_URL": REDIS}
    upgrade = [sys.executable, "-m", "flask", "db", "upgrade"]
    subprocess.run(upgrade, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "LOG_LEVEL": "WARNING", **settings}, check=True)
    path = f"/f/{make_form(folder, **settings)}"
    baseline = stack.enter_context(
        running("benchmarks.inserting_psycopg:app", "/", workers=workers, REDIS_URL=REDIS, BASELINE_URL=urls[0])
    )
    service = stack.enter_context(
        running("wsgi:app", "/health/live", log=folder / "log", workers=workers, **settings, **EVERYTHING_ON)
    )
    return [Side("bare view, psycopg", baseline, path), Side("POST /f/{id}", service, path)]


def main(seconds: float = 5, rounds: int = 3, *workers: float) -> None:
    print(
        f"{cores()} cores, Python {sys.version.split()[0]}, {rounds:g} turns of {seconds:g} s each, PostgreSQL, Redis"
    )
    rates: dict[int, dict[int, float]] = {}
    for count in map(int, workers or (2,)):
        print(f"\nworkers: {count}", flush=True)
        with ExitStack() as stack, load.pool() as pool:
            every = sides(stack, count)
            for side in every:
                settle(side.server)  # until the last worker has started
                measure(pool, side, max(CLIENTS), WARM_UP)
            rates[count] = compare(pool, every, int(rounds), seconds)
    show_further_workers(rates)


def show_further_workers(rates: dict[int, dict[int, float]]) -> None:
    """The service's rates by workers and clients, each beside that of the first number of workers."""
    first, *others = rates
    if not others:
        return
    print(f"\n{'POST /f/{id}, per second':30}" + "".join(f"{f'{clients} clients':>22}" for clients in CLIENTS))
    for count, by_clients in rates.items():
        figures = (f"{rate:.0f} ({rate / rates[first][clients]:.2f})" for clients, rate in by_clients.items())
        print(f"{f'workers: {count}':30}" + "".join(f"{figure:>22}" for figure in figures))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
