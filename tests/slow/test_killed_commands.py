"""`flask setup`, `keys rotate` and migrations, killed at each step: every later start reads everything."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from forms_service.security import generate_key
from tests.support import processes, servers

OLD_REVISION = "0005"
"""Of before, where the submissions were there already."""

FILL = """
import re, sys
from wsgi import app
from forms_service.accounts import service
from forms_service.forms.service import create_for_email
from forms_service.forms.schemas import NewForm
with app.app_context():
    person = service.NewAccount("ann@example.com", "Ann", "Example", "Correct-horse-7")
    service.create(person, role="owner", status="active")
    form = create_for_email("ann@example.com", NewForm().load({"name": "Contact"}))
for number in range(3):
    sent = app.test_client().post(f"/f/{form['id']}", json={"text": f"a submission from before, {number}"})
    assert sent.status_code == 200, sent.text
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone that nothing was done with yet."""
    folder = tmp_path_factory.mktemp("clones") / "bare"
    folder.mkdir()
    shutil.copy(servers.ROOT / "wsgi.py", folder)
    return folder


@pytest.fixture(scope="module")
def on_sqlite(bare: Path) -> tuple[Path, str]:
    """A service as somebody has tried it out, with an account, a form and submissions."""
    clone = bare.with_name("sqlite")
    shutil.copytree(bare, clone)
    python(clone, "-c", FILL)
    return clone, ""


@pytest.fixture(scope="module")
def on_postgres(bare: Path, postgres_server: str) -> Iterator[tuple[Path, str]]:
    """The same on PostgreSQL."""
    clone = bare.with_name("postgres")
    shutil.copytree(bare, clone)
    name = f"forms_service_killed_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        python(clone, "-m", "flask", "db", "upgrade", DATABASE_URL=url)
        python(clone, "-c", FILL, DATABASE_URL=url)
        yield clone, url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def filled(request: pytest.FixtureRequest) -> tuple[Path, str]:
    """On each of the two databases."""
    place: tuple[Path, str] = request.getfixturevalue(request.param)
    return place


def python(clone: Path, *words: str, **more: str) -> str:
    """Python in the clone; it must go well."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(servers.ROOT),
        "LOG_LEVEL": "CRITICAL",
        "BCRYPT_ROUNDS": "10",
        **more,
    }
    done = processes.run([sys.executable, *words], clone, environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kills(clone: Path, database: str, *words: str) -> int:
    """Kill the command at a sample of its steps (KILL_STEPS=all: at each); return how many it has."""
    seed = os.environ.get("KILL_SEED", str(time.time_ns()))
    script = str(servers.ROOT / "tests" / "support" / "kill_steps.py")
    sys.stdout.write(f"KILL_SEED={seed}\n")  # which pytest shows when it fails
    chosen = {"KILL_SEED": seed, "KILL_STEPS": os.environ.get("KILL_STEPS", "")}
    return int(python(clone, script, str(clone), database, *words, **chosen))


def with_new_key(place: tuple[Path, str]) -> Path:
    """The clone with a key in front of the one in use."""
    clone = place[0].with_name(f"{place[0].name}-new-key")
    if not clone.exists():
        shutil.copytree(place[0], clone)
        old = (clone / "instance" / "encryption_keys").read_text().strip()
        (clone / ".env").write_text(f"ENCRYPTION_KEYS={generate_key()},{old}\n")
    return clone


@pytest.mark.parametrize("filled", ["on_sqlite", pytest.param("on_postgres", marks=pytest.mark.long)], indirect=True)
def test_setup(filled: tuple[Path, str]) -> None:
    clone, database = filled
    options = ("--database", "DATABASE") if database else ()
    assert kills(clone, database, "setup", "forms.example.com", "ann@example.com", *options) > 10


def test_new_wrapping_key(filled: tuple[Path, str]) -> None:
    assert kills(with_new_key(filled), filled[1], "keys", "rotate") >= 4


@pytest.mark.parametrize("filled", [pytest.param("on_sqlite", marks=pytest.mark.long), "on_postgres"], indirect=True)
def test_new_data_key(filled: tuple[Path, str]) -> None:
    assert kills(with_new_key(filled), filled[1], "keys", "rotate", "--data") >= 8


def test_migrations(filled: tuple[Path, str]) -> None:
    """On SQLite a start migrates by itself; on PostgreSQL the command does."""
    place, database = filled
    clone = place.with_name(f"{place.name}-behind")
    shutil.copytree(place, clone)
    if not database:
        python(clone, "-m", "flask", "db", "downgrade", OLD_REVISION)
        assert kills(clone, "", "start") >= 5
        return
    behind = make_url(database).set(database=f"{make_url(database).database}_behind")
    url = behind.render_as_string(hide_password=False)
    with psycopg.connect(database, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {behind.database} TEMPLATE {make_url(database).database}")
        try:
            python(clone, "-m", "flask", "db", "downgrade", OLD_REVISION, DATABASE_URL=url)
            assert kills(clone, url, "db", "upgrade") >= 2
        finally:
            connection.execute(f"DROP DATABASE {behind.database} WITH (FORCE)")
