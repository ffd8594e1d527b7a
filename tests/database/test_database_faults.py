"""A lost, damaged, locked or unresponsive database: 503 in time, and automatic recovery."""

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from forms_service.database import postgres, sqlite, transactions, writability
from forms_service.extensions import db
from forms_service.forms import cache
from forms_service.forms.models import Form
from forms_service.health import doctor
from tests.conftest import MakeApp
from tests.intake.test_submission_repeats import sleep_until
from tests.support.faults import before_writes
from tests.support.postgres_proxy import PostgresProxy
from tests.support.servers import ROOT, free_port
from tests.support.visitors import form_for

pytestmark = pytest.mark.slow


def statuses(client: FlaskClient, form_id: str) -> tuple[int, int, int]:
    """Status codes of a submission, `ready` and `live`."""
    response = client.post(f"/f/{form_id}", json={"message": f"Hello {time.time_ns()}"})
    return response.status_code, client.get("/health/ready").status_code, client.get("/health/live").status_code


PREPARED = 4
"""Statements of a submission with parameters: lock, look, and an INSERT for each of two tables."""

WELL, AWAY = (200, 200, 200), (503, 503, 200)


def file_of(app: Flask) -> Path:
    with app.app_context():
        return Path(str(db.engine.url.database))


def moved(file: Path) -> Callable[[], object]:
    aside = file.with_name("aside.db")
    file.rename(aside)
    return lambda: aside.rename(file)


def deleted(file: Path) -> Callable[[], object]:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(file.with_name("copy.db"))) as copy:
        source.backup(copy)
    for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        one.unlink()
    return lambda: shutil.copy(file.with_name("copy.db"), file)


def overwritten(file: Path) -> Callable[[], object]:
    descriptor = os.open(file, os.O_RDWR)  # never closed: that would drop SQLite's locks in this process
    header = os.pread(descriptor, 100, 0)
    os.pwrite(descriptor, b"\xff" * 100, 0)
    return lambda: os.pwrite(descriptor, header, 0)


@pytest.mark.parametrize("lose", [moved, deleted, overwritten])
def test_a_database_file_that_is_lost_takes_no_submissions_until_it_is_back(
    app: Flask,
    lose: Callable[[Path], Callable[[], object]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "CHANGE_DELAY", 0)
    client, form_id = app.test_client(), form_for(app)
    assert statuses(client, form_id) == WELL
    bring_back = lose(file_of(app))
    assert [statuses(client, form_id) for _ in range(2)] == [AWAY, AWAY]
    assert [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"] == [
        "database_file_lost"
    ]
    bring_back()
    assert statuses(client, form_id) == WELL


def test_what_was_acknowledged_is_in_the_file_that_took_the_place_of_another(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHANGE_DELAY", 0)
    client, form_id, file = app.test_client(), form_for(app), file_of(app)
    assert statuses(client, form_id) == WELL
    deleted(file)()
    assert statuses(client, form_id)[0] == 503, "it went into the file that was replaced"
    assert statuses(client, form_id) == WELL
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("SELECT count(*) FROM submissions").fetchone() == (2,)


def test_damaged_pages_are_503_and_doctor_says_so(app: Flask) -> None:
    client, form_id, file = app.test_client(), form_for(app), file_of(app)
    with app.app_context():
        db.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        db.engine.dispose()
    size = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xa5" * (size - 4096))
    assert client.post(f"/f/{form_id}", json={"message": "Hello"}).status_code == 503
    with app.app_context():
        (finding,) = [finding for finding in doctor.run_checks(ROOT) if finding.subject == "database"]
    assert finding.bad


def test_sqlite_that_another_process_has_locked_is_503(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT", 1)
    client, form_id = app.test_client(), form_for(app)
    waits: list[object] = []
    with closing(sqlite3.connect(file_of(app), isolation_level=None)) as other, app.app_context():
        db.session.connection().exec_driver_sql("PRAGMA busy_timeout=100")
        db.session.remove()
        other.execute("BEGIN IMMEDIATE")
        for number in range(2):
            answer = client.post(f"/f/{form_id}", json={"message": f"Hello {number}"})
            waits.append((answer.status_code, answer.headers["Retry-After"]))
        other.execute("COMMIT")
        assert client.post(f"/f/{form_id}", json={"message": "Hello"}).status_code == 200
        assert db.session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 1000, "patient again"
    assert waits == [(503, "5")] * 2


def test_readiness_tries_a_write_after_one_that_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, form_id = app.test_client(), form_for(app)
    full = OperationalError(None, None, sqlite3.OperationalError("database or disk is full"))

    def fail() -> None:
        raise full

    with before_writes(fail):
        assert statuses(client, form_id) == AWAY
    assert client.get("/health/ready").status_code == 503, "not tried again so soon"
    monkeypatch.setattr(writability, "PROBE_DELAY", 0)
    assert client.get("/health/ready").status_code == 200


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[PostgresProxy]:
    running = PostgresProxy(postgres_url)
    yield running
    running.stop()


def test_a_backend_that_hangs_is_given_up_and_not_used_again(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    client, form_id = app.test_client(), form_for(app)
    monkeypatch.setattr(postgres, "REQUEST_TIMEOUT", 1)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
        assert client.post(f"/f/{form_id}", json={"message": "Hello"}).status_code == 503
    assert client.post(f"/f/{form_id}", json={"message": "Hello"}).status_code == 200


def test_postgresql_ends_waits_for_locks(make_app: MakeApp, postgres_url: str) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    with app.app_context():
        assert db.session.connection().exec_driver_sql("SHOW lock_timeout").scalar() == "1500ms"


def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(
    make_app: MakeApp, postgres_url: str
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    client, form_id = app.test_client(), form_for(app)
    assert statuses(client, form_id) == WELL
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert statuses(client, form_id) == WELL


def test_a_submission_takes_as_few_round_trips_as_its_work_needs(
    make_app: MakeApp, proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(DATABASE_URL=proxy.url)
    client, form_id = app.test_client(), form_for(app)
    counts = []
    for fresh in (600, 600, 600, 0):
        monkeypatch.setattr(cache, "MAX_AGE", fresh)
        before = proxy.round_trips
        answer = client.post(f"/f/{form_id}", json={"email": "a@example.com", "text": f"Hello {len(counts)}"})
        assert answer.status_code == 200
        counts.append(proxy.round_trips - before)
    assert counts[2:] == [2, 5], "begin and look, insert and commit; form, recipients and webhooks are read anew"


def test_what_is_prepared_outlives_a_rollback(make_app: MakeApp, postgres_url: str) -> None:
    app = make_app(DATABASE_URL=postgres_url, DATABASE_POOL_SIZE="1", DATABASE_MAX_OVERFLOW="0")
    client, form_id = app.test_client(), form_for(app)
    for number in range(2):
        assert client.post(f"/f/{form_id}", json={"message": f"Hello {number}"}).status_code == 200
        with app.app_context():
            for _ in range(10):  # a driver that prepares what is repeated would drop everything after the rollback
                db.session.scalars(select(Form.id)).all()
            db.session.rollback()
            names = db.session.scalars(text("SELECT name FROM pg_prepared_statements")).all()
        assert len(names) == PREPARED, "each statement of a submission, once"


def test_limits_in_the_database_take_two_round_trips(make_app: MakeApp, proxy: PostgresProxy) -> None:
    app = make_app(DATABASE_URL=proxy.url, REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    client = app.test_client()
    counts = []
    for _ in range(3):
        before = proxy.round_trips
        assert client.post("/api/unknown").status_code == 404
        counts.append(proxy.round_trips - before)
    assert counts[1:] == [2, 2], "begin, lock and look; store and commit"


def test_waiting_threads_are_let_go_together(
    make_app: MakeApp, proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "REQUEST_TIMEOUT", 600)
    app = make_app(DATABASE_URL=proxy.url, RATE_LIMIT_ENABLED="false")
    form_id = form_for(app)
    proxy.freeze()
    codes: list[int] = []

    def send(number: int) -> None:
        answer = app.test_client().post(f"/f/{form_id}", json={"message": f"Hello {number}"})
        codes.append(answer.status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [503] * 40


def test_a_server_that_has_moved_is_found(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    client, form_id = app.test_client(), form_for(app)
    monkeypatch.setattr(postgres, "CONNECT_RETRY_INTERVAL", 2)
    with app.app_context():
        with db.engine.connect() as connection:
            circuit = connection.connection.driver_connection.circuit  # type: ignore[union-attr]  # of ours
        db.engine.dispose()
    circuit.learn(SimpleNamespace(info=SimpleNamespace(hostaddr="127.0.0.1", port=free_port())))
    assert statuses(client, form_id) == AWAY
    sleep_until(lambda: client.get("/health/ready").status_code == 200)
    assert statuses(client, form_id) == WELL
