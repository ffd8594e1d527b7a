"""`python -m benchmarks.backup [ROWS]`: backing up and restoring, and submissions during a backup.

An instance on SQLite gets ROWS rows: submissions of five fields, hashes of their addresses, and mails that were sent.
Prints the rows per second and the memory of `flask backup` and `flask restore` on SQLite, and in a new database of the
PostgreSQL that DATABASE_URL names; then the p99 of submissions before and during backups, on SQLite.
"""

import functools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL

import psutil
import psycopg
from sqlalchemy import make_url

from benchmarks import load
from benchmarks.growth import KEYS, fill, send_one, start
from benchmarks.servers import ROOT
from benchmarks.submissions import make_form, submission
from forms_service.cpu_affinity import cores

FLASK = Path(sys.executable).with_name("flask")
KEY_FILES = ("secret_key", "encryption_keys")
CLIENTS, SECONDS = 8, 20.0
POSTGRESQL = os.environ.pop("DATABASE_URL", None)


def command(folder: Path, *words: str, **settings: str) -> psutil.Popen:
    environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(folder), "LOG_LEVEL": "ERROR", **settings}
    return psutil.Popen([FLASK, *words], cwd=ROOT, env=environment, stdout=DEVNULL, stderr=DEVNULL)


def measure(label: str, rows: int, folder: Path, *words: str, **settings: str) -> None:
    """Run a command and print its rate and peak memory."""
    started, peak = time.perf_counter(), 0
    process = command(folder, *words, **settings)
    while process.poll() is None:
        peak = max(peak, resident_bytes(process))
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"flask {' '.join(words)} failed")
    print(f"{label:24}{rows / seconds:10,.0f} rows/s in {seconds:.1f} s, {peak / 2**20:.0f} MB", flush=True)


def resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def new_folder(stack: ExitStack, keys_of: Path) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    for name in KEY_FILES:
        (folder / name).write_bytes((keys_of / name).read_bytes())
    return folder


@contextmanager
def new_database(url: str) -> Iterator[str]:
    name = f"forms_backup_benchmark_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def copy_there_and_back(stack: ExitStack, source: Path, rows: int) -> None:
    archive = str(new_folder(stack, source) / "forms.tar")
    measure("backup, SQLite", rows, source, "backup", archive)
    measure("restore, SQLite", rows, new_folder(stack, source), "restore", "--moving", archive)
    if POSTGRESQL is None:
        print("PostgreSQL is not measured: DATABASE_URL names none")
        return
    settings = {"DATABASE_URL": stack.enter_context(new_database(POSTGRESQL))}
    folder = new_folder(stack, source)
    measure("restore, PostgreSQL", rows, folder, "restore", "--moving", archive, **settings)
    measure("backup, PostgreSQL", rows, folder, "backup", f"{archive}.postgresql", **settings)


def submit_during_a_backup(stack: ExitStack, source: Path, path: str) -> None:
    """Print p99 before a backup and while backups are made one after the other."""
    pool = stack.enter_context(load.pool())
    server = start(stack, source)
    request = functools.partial(submission, path)
    run = functools.partial(load.start, pool, server.port, request, clients=CLIENTS, pause=0.05)
    run(seconds=3).result()
    before = run(seconds=SECONDS).result()
    pending, made = run(seconds=SECONDS), 0
    while not pending.done():
        archive = source / f"{made}.tar"
        process = command(source, "backup", str(archive))
        process.wait()
        if process.returncode:
            raise SystemExit("a backup failed while the service took submissions")
        archive.unlink()
        made += 1
    during = pending.result()
    normal, busy = before.percentile(99), during.percentile(99)
    print(f"submissions' p99, {CLIENTS} clients: {normal:.1f} ms before, {busy:.1f} ms during {made} backups,", end=" ")
    print(f"ratio {busy / normal:.2f}; {len(during.latencies) - during.count()} of {len(during.latencies)} refused")


def main(rows: float = 1_000_000) -> None:
    print(f"{cores()} cores, Python {sys.version.split()[0]}")
    with ExitStack() as stack:
        source = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = f"/f/{make_form(source)}"
        with ExitStack() as first:
            send_one(start(first, source), path)
        submissions = int(rows) // len(KEYS)
        fill(source / "forms.db", submissions)
        copy_there_and_back(stack, source, submissions * len(KEYS))
        submit_during_a_backup(stack, source, path)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
