"""Migrations: of the embedded database at start, and of PostgreSQL by its operator."""

import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from forms_service.accounts import service
from forms_service.app import create_app
from forms_service.database import engine, migrations, postgres
from forms_service.database.migrations import MAX_COPIES
from forms_service.errors import StartError
from forms_service.extensions import db
from tests.conftest import QUICK, MakeApp, MakeSettings
from tests.support import servers

LOCK = 7_311_902
"""Of a migration, in migrations/env.py."""

ANN = service.NewAccount("ann@example.com", "Ann", "Example", "Correct-horse-7")
PRINT_AN_INDEX = """
import warnings
warnings.simplefilter("error")
from wsgi import app
from forms_service.encryption.keyring import current_key_ring
app.app_context().push()
print(current_key_ring().index("a", "b").hex())
"""


class TestEmbedded:
    """SQLite in the instance folder, which looks after itself."""

    def test_its_files_are_for_their_owner(self, app: Flask, tmp_path: Path) -> None:
        assert stat.S_IMODE((tmp_path / "instance" / "forms.db").stat().st_mode) == 0o600

    def test_is_copied_before_it_is_migrated_and_the_last_copies_are_kept(
        self, make_app: MakeApp, make_settings: MakeSettings, tmp_path: Path
    ) -> None:
        file = tmp_path / "instance" / "forms.db"
        with make_app().app_context():
            service.create(ANN, role="user", status="active")
        assert not copies(file), "a new database has nothing to copy"
        for _ in range(MAX_COPIES + 2):
            with closing(sqlite3.connect(file)) as connection, connection:
                for table in tables(connection) - {"alembic_version", "before"}:
                    connection.execute(f"DROP TABLE {table}")
                connection.execute("DELETE FROM alembic_version")
                connection.execute("CREATE TABLE IF NOT EXISTS before (said TEXT)")
            make_app()
        remaining = copies(file)
        assert len(remaining) == MAX_COPIES
        assert all(stat.S_IMODE(copy.stat().st_mode) == 0o600 for copy in remaining)
        with closing(sqlite3.connect(remaining[-1])) as connection:
            assert tables(connection) == {"alembic_version", "before"}

    def test_an_up_to_date_one_is_left_alone(self, make_app: MakeApp, tmp_path: Path) -> None:
        make_app()
        make_app()
        assert not copies(tmp_path / "instance" / "forms.db")

    def test_one_that_is_newer_than_the_code_is_refused(
        self, app: Flask, make_settings: MakeSettings, tmp_path: Path
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "instance" / "forms.db")) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(StartError, match="newer version"):
            create_app(make_settings())

    def test_one_that_another_command_has_to_itself_says_so(
        self, app: Flask, make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(engine.SQLITE_OPTIONS, "timeout", 0.1)
        monkeypatch.setattr(engine, "SQLITE_PRAGMAS", ("busy_timeout=100",))
        with closing(sqlite3.connect(tmp_path / "instance" / "forms.db", isolation_level=None)) as other:
            with app.app_context():
                db.engine.dispose()
            other.execute("PRAGMA journal_mode=DELETE")
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StartError, match="Wait until the command that uses it has ended"):
                create_app(make_settings())

    @pytest.mark.slow
    def test_several_processes_may_start_at_once(self, tmp_path: Path) -> None:
        settings = {**QUICK, "INSTANCE_PATH": str(tmp_path)}
        with ThreadPoolExecutor(8) as threads:
            ended = list(threads.map(lambda _: servers.python(tmp_path, PRINT_AN_INDEX, **settings), range(8)))
        assert {process.returncode for process in ended} == {0}, ended
        assert len({process.stdout for process in ended}) == 1, "all have the keys that the first one made"
        assert len(ended[0].stdout.strip()) == 64


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def copies(file: Path) -> list[Path]:
    return sorted(file.parent.glob(f"{file.name}.*.copy"))


class TestPostgresql:
    """A database that its operator migrates."""

    @pytest.fixture
    def unmigrated(self, make_app: MakeApp, postgres_url: str) -> Callable[[str], Flask]:
        def at(revision: str) -> Flask:
            with make_app(DATABASE_URL=postgres_url).app_context():
                db.session.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
                db.session.commit()
            return make_app(DATABASE_URL=postgres_url)

        return at

    @pytest.fixture(autouse=True)
    def put_back(self, postgres_url: str, make_app: MakeApp) -> Any:
        app = make_app(DATABASE_URL=postgres_url)
        with app.app_context():
            head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        yield
        with app.app_context():
            db.session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
            db.session.commit()

    def test_behind_the_code_it_is_not_touched_and_not_ready(
        self, unmigrated: Callable[[str], Flask], postgres_url: str, make_app: MakeApp, ann: dict[str, Any]
    ) -> None:
        with make_app(DATABASE_URL=postgres_url).app_context():
            db.session.execute(text("DELETE FROM alembic_version"))
            db.session.commit()
        client = make_app(DATABASE_URL=postgres_url).test_client()
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        answer = client.post("/api/signup", json=ann)
        assert (answer.status_code, answer.json["error_type"]) == (503, "ServiceUnavailableError")
        assert "Retry-After" in answer.headers
        with client.application.app_context():
            db.session.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
            db.session.commit()

    def test_ahead_of_the_code_it_is_refused(self, unmigrated: Callable[[str], Flask]) -> None:
        with pytest.raises(StartError, match="newer version"):
            unmigrated("9999")

    def test_it_waits_for_another_that_migrates(
        self, make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limits = "-c timezone=utc -c lock_timeout=100 -c statement_timeout=200"
        monkeypatch.setitem(engine.POSTGRES_OPTIONS, "options", limits)
        monkeypatch.setattr(postgres, "LONG_TIMEOUT", 0.3)
        with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(1) as threads:
            other.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            with make_app(DATABASE_URL=postgres_url).app_context():
                released = threads.submit(lambda: (time.sleep(0.6), other.rollback()))
                migrations.upgrade()
                assert released.done()
