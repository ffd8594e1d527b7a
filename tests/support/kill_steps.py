"""Kills a command at each of its steps by SIGKILL.

Run in a process of its own: `python kill_steps.py CLONE DATABASE WORDS…`. CLONE is a folder with `wsgi.py` and the
files from before; DATABASE is "" for SQLite, or the URL of a PostgreSQL database that is copied for each try. A step is
a call with a lasting effect: fsync, link, rename or removal of a file, a commit. The process dies once before and once
after it. After each death the service is started, and must read everything. Prints the number of steps;
`select_steps` chooses those to be killed at.
"""

import io
import itertools
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import make_url, select

from forms_service.accounts.models import Account
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database import migrations
from forms_service.database.transactions import dispose_engine
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.extensions import db
from forms_service.submissions.models import Submission

EARLIER = "a submission from before"


def watch(reach: Callable[[int], object]) -> None:
    """Have `reach` called in this process before and after all that leaves a trace, with the number of the step."""
    numbers = itertools.count(1)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            reach(next(numbers))
            done = function(*args, **kwargs)
            reach(next(numbers))
            return done

        return call

    for name in ("fsync", "link", "replace", "rename", "unlink"):
        setattr(os, name, around(getattr(os, name)))

    for scheme in ("sqlite+pysqlite://", "postgresql+psycopg://"):
        kind: Any = make_url(scheme).get_dialect()
        kind.do_commit = around(kind.do_commit)


def in_child(act: Callable[[], None]) -> int:
    """Run this in a child; return its exit code, or the number of the signal below zero."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        act()
        code = 0
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    except BaseException:  # noqa: BLE001 (a child that went on would be a second parent)
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def command(clone: Path, words: list[str]) -> None:
    """The command, as an operator types it; when it has got through, everything is there and done."""
    os.chdir(clone)
    sys.path.insert(0, str(clone))
    keyring.RELOAD_INTERVAL = -1  # nobody else is there to notice a new key
    sys.stdout = io.StringIO()
    if words == ["start"]:
        create_app(load_settings(clone))
        look(clone)
        return
    group = FlaskGroup(create_app=lambda: create_app(load_settings(clone)), load_dotenv=False)
    group.main(words, prog_name="flask", standalone_mode=False)
    look(clone, done="--data" if "--data" in words else "all")


def look(clone: Path, done: str = "") -> None:
    """Start the service with what is there, and read everything; when it is `done`, nothing is under old keys."""
    os.chdir(clone)
    app = create_app(load_settings(clone))
    with app.app_context(), dispose_engine():
        if migrations.revision() is migrations.Revision.PENDING:  # it waits for the command, which is run again
            assert database_is_behind(app)
            return
        keyring.key_ring_store().load()
        assert not done or wrapped_keys.count_under_old_keys() == 0
        assert done != "--data" or rotation.count_stale() == 0
        assert [EARLIER in row.data for row in db.session.scalars(select(Submission))] == [True, True, True]
        assert [account.email for account in db.session.scalars(select(Account))] == ["ann@example.com"]
    assert app.test_client().get("/health/ready").status_code == 200


def database_is_behind(app: Flask) -> bool:
    """True if the service says so, and lives."""
    client = app.test_client()
    return [client.get(f"/health/{name}").status_code for name in ("live", "ready")] == [200, 503]


def copied(url: str, name: str) -> str:
    """A database like that one."""
    parts = make_url(url)
    name = f"{parts.database}_{name}"
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {parts.database}")
    return parts.set(database=name).render_as_string(hide_password=False)


def drop(url: str) -> None:
    """Delete a database."""
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def warm_up() -> None:
    """Do once what each child would otherwise do again: find the commands, configure the mappers, compile queries."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder))
        app = create_app(settings)
        with app.app_context(), dispose_engine(), redirect_stdout(io.StringIO()):
            FlaskGroup(create_app=lambda: app, load_dotenv=False).main(["--help"], standalone_mode=False)


def select_steps(count: int, *, alike: bool) -> list[int]:
    """One step of each six neighbours, drawn by KILL_SEED; with KILL_STEPS=all every step.

    When most are `alike`, which are the commits of one batch after another, every fourth after the first seven.
    """
    steps = [number for number in range(1, count + 1) if number < 8 or not alike or number % 4 == 0]
    if os.environ.get("KILL_STEPS") == "all":
        return steps
    draw = random.Random(os.environ["KILL_SEED"])
    return [draw.choice(steps[start : start + 6]) for start in range(0, len(steps), 6)]


def main(clone: Path, database: str, *words: str) -> None:
    """Kill it at each step that is selected."""
    warm_up()

    @contextmanager
    def attempt(name: str) -> Iterator[tuple[Path, list[str]]]:
        place = clone.with_name(f"{clone.name}-{name}")
        shutil.copytree(clone, place)
        url = copied(database, name) if database else ""
        if url:
            os.environ["DATABASE_URL"] = url
        yield place, [word.replace("DATABASE", url) for word in words]
        shutil.rmtree(place)
        if url:
            drop(url)

    with attempt("whole") as (place, arguments):
        count = count_steps(lambda: command(place, arguments))
    for number in select_steps(count, alike=words[-1] == "--data"):
        with attempt(str(number)) as (place, arguments):
            kill_and_go_on(number, place, arguments)
    sys.stdout.write(f"{count}\n")


def count_steps(act: Callable[[], None]) -> int:
    """Steps of a child that gets through."""
    count = mmap.mmap(-1, 8)  # shared with the child

    def act_counting() -> None:
        watch(lambda number: struct.pack_into("q", count, 0, number))
        act()

    assert in_child(act_counting) == 0, "it does not get through"
    return int(struct.unpack_from("q", count)[0])


def kill_and_go_on(number: int, place: Path, words: list[str]) -> None:
    """Kill the command at a step; then the service starts with what is there, and the command gets through."""

    def die(step: int) -> None:
        if step == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def command_dying() -> None:
        watch(die)
        command(place, words)

    ended = in_child(command_dying)
    assert ended == -signal.SIGKILL, f"step {number}: ended with {ended}"
    assert in_child(lambda: look(place)) == 0, f"killed at step {number}, it does not start"
    assert in_child(lambda: command(place, words)) == 0, f"killed at step {number}, it does not go on"


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
