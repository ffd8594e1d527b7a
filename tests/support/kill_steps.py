"""A command killed at each of its steps, in turn: SIGKILL at the first step, then at the second, until it gets through.

Run in a process of its own: `python kill_steps.py CLONE DATABASE WORDS…`. CLONE is a folder with `wsgi.py` and what it
had before; DATABASE is "" for SQLite, or the address of a PostgreSQL database that is copied for each try. A step is a
call that leaves a trace: a file's fsync, link, rename or removal, a commit. The process dies once before it and once
after it. After each death the service is started with what is there, and has to read all.
Prints how often it was killed.
"""

import io
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
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
from forms_service.database.transactions import nothing_left_open
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.extensions import db
from forms_service.submissions.models import Submission

TRIES = 200
SENT = "a submission from before"


def kill_at(number: int) -> None:
    """Have this process die at that moment of all that leave a trace."""
    moments = iter(range(1, number + 1))

    def moment() -> None:
        if next(moments) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            moment()
            done = function(*args, **kwargs)
            moment()
            return done

        return call

    for name in ("fsync", "link", "replace", "rename", "unlink"):
        setattr(os, name, around(getattr(os, name)))

    for scheme in ("sqlite+pysqlite://", "postgresql+psycopg://"):
        kind: Any = make_url(scheme).get_dialect()
        kind.do_commit = around(kind.do_commit)


def in_child(act: Callable[[], None]) -> int:
    """How a process ended that did this: its exit code, or the number of the signal below zero."""
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
    keyring.RELOAD_SECONDS = -1  # nobody else is there to notice a new key
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
    with app.app_context(), nothing_left_open():
        if migrations.revision() is migrations.Revision.PENDING:  # it waits for the command, which is run again
            assert database_is_behind(app)
            return
        keyring.holder().load()
        assert not done or wrapped_keys.not_under_first_key() == 0
        assert done != "--data" or rotation.count_stale() == 0
        assert [SENT in kept.data for kept in db.session.scalars(select(Submission))] == [True, True, True]
        assert [account.email for account in db.session.scalars(select(Account))] == ["ann@example.com"]
    assert app.test_client().get("/health/ready").status_code == 200


def database_is_behind(app: Flask) -> bool:
    """Whether the service says so, and lives."""
    client = app.test_client()
    return [client.get(f"/health/{name}").status_code for name in ("live", "ready")] == [200, 503]


def copied(url: str, number: int) -> str:
    """A database like that one."""
    parts = make_url(url)
    name = f"{parts.database}_{number}"
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {parts.database}")
    return parts.set(database=name).render_as_string(hide_password=False)


def drop(url: str) -> None:
    """Delete a database."""
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def main(clone: Path, database: str, *words: str) -> None:
    """Kill it at each step."""
    alike = words[-1] == "--data"  # one batch is committed like the other: of those, every fourth
    for number in [*range(1, 8), *range(8, TRIES, 4 if alike else 1)]:
        place = clone.with_name(f"{clone.name}-{number}")
        shutil.copytree(clone, place)
        url = copied(database, number) if database else ""
        said = [word.replace("DATABASE", url) for word in words]
        if url:
            os.environ["DATABASE_URL"] = url

        def dies(number: int = number, place: Path = place, said: list[str] = said) -> None:
            kill_at(number)
            command(place, said)

        ended = in_child(dies)
        assert ended in (0, -signal.SIGKILL), f"step {number}: ended with {ended}"
        if ended:
            assert in_child(lambda place=place: look(place)) == 0, f"killed at step {number}, it does not start"
            again = in_child(lambda place=place, said=said: command(place, said))
            assert again == 0, f"killed at step {number}, it does not go on"
        shutil.rmtree(place)
        if url:
            drop(url)
        if not ended:
            sys.stdout.write(f"{number - 1}\n")
            return
    raise AssertionError("It has too many steps.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
