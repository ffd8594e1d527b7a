"""Engine settings, write transactions, unavailable databases and disks."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from prometheus_client import REGISTRY
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from forms_service.accounts import service
from forms_service.accounts.models import Account
from forms_service.database import postgres, transactions
from forms_service.database.transactions import write_session
from forms_service.encryption.wrapped_keys import WrappedKey
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support import servers

ANN = service.NewAccount("ann@example.com", "Ann", "Example", "Correct-horse-7")


def scalar(app: Flask, statement: str) -> Any:
    with app.app_context():
        return db.session.scalar(text(statement))


def test_sqlite_is_durable_and_strict(app: Flask) -> None:
    pragmas = {name: scalar(app, f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert scalar(app, "PRAGMA busy_timeout") == 1500


def test_postgresql_speaks_utc_and_ends_slow_statements(make_app: MakeApp, postgres_url: str) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    assert scalar(app, "SHOW timezone").lower() == "utc"
    assert scalar(app, "SHOW statement_timeout") == "30s"
    with app.app_context():
        assert db.engine.dialect.driver == "psycopg"


@pytest.mark.parametrize(("seconds", "connections"), [(3500, 1), (3700, 2)])
def test_a_connection_to_postgresql_is_replaced_after_an_hour(
    make_app: MakeApp, postgres_url: str, seconds: int, connections: int
) -> None:
    app = make_app(DATABASE_URL=postgres_url)

    def make_older(_: object, record: Any) -> None:
        record.starttime -= seconds

    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "checkin", make_older)
        pids = set()
        for _ in range(2):
            with db.engine.connect() as connection:
                pids.add(connection.scalar(text("SELECT pg_backend_pid()")))
    assert len(pids) == connections


def test_a_postgresql_that_no_longer_answers_is_given_up(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    monkeypatch.setattr(postgres, "LONG_TIMEOUT", 0.2)
    with app.app_context():
        with pytest.raises(OperationalError, match="does not answer") as caught:
            db.session.execute(text("SELECT pg_sleep(60)"))
        assert caught.value.connection_invalidated
        db.session.rollback()
        assert db.session.scalar(text("SELECT 1")) == 1


def test_a_connection_that_breaks_after_the_answer_was_made_takes_it_from_nobody(
    make_app: MakeApp, postgres_url: str
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    with app.app_context():
        other = db.engine.connect()
        read_by = db.session.scalar(text("SELECT pg_backend_pid()"))
        other.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": read_by})
        other.close()
    assert scalar(app, "SELECT 1") == 1


def test_pool_events_are_counted(app: Flask) -> None:
    def count(name: str) -> float:
        return REGISTRY.get_sample_value("forms_database_pool_events_total", {"event": name}) or 0

    before = {name: count(name) for name in ("connect", "checkout", "checkin")}
    scalar(app, "SELECT 1")
    after = {name: count(name) for name in before}
    assert {name: after[name] - before[name] for name in before} == {"connect": 1, "checkout": 1, "checkin": 1}


def test_a_use_case_that_fails_leaves_nothing(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context():
        with pytest.raises(RuntimeError), write_session():
            db.session.add(WrappedKey(purpose="data", number=99, wrapped=b"", wrapped_with=""))
            db.session.flush()
            raise RuntimeError
        assert db.session.get(WrappedKey, ("data", 99)) is None
        with write_session():
            db.session.add(WrappedKey(purpose="data", number=99, wrapped=b"", wrapped_with=""))
        db.session.expire_all()
        assert db.session.get(WrappedKey, ("data", 99)) is None, "what was not committed is not kept"


def test_a_use_case_commits_once(app_on_each_db: Flask) -> None:
    commits: list[object] = []
    with app_on_each_db.app_context():
        event.listen(db.engine, "commit", commits.append)
        service.create(ANN, role="user", status="active")
    assert len(commits) == 1


def test_reading_first_and_writing_then_never_fails_because_another_wrote(app_on_each_db: Flask) -> None:
    def add(_: int) -> None:
        with app_on_each_db.app_context():
            db.session.scalar(select(func.count()).select_from(WrappedKey))
            with write_session():
                highest = db.session.scalar(select(func.max(WrappedKey.number))) or 0
                if db.engine.dialect.name == "postgresql":
                    db.session.execute(text("LOCK keyring IN EXCLUSIVE MODE"))
                    highest = db.session.scalar(select(func.max(WrappedKey.number))) or 0
                db.session.add(WrappedKey(purpose="data", number=highest + 1, wrapped=b"", wrapped_with=""))
                db.session.commit()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(40)))
    assert scalar(app_on_each_db, "SELECT max(number) FROM keyring") == 41


def test_writers_of_a_process_wait_in_a_queue_and_not_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT", 0.05)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), write_session():
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    with app.app_context():
        with pytest.raises(ServiceUnavailableError), write_session():
            pass
        assert db.session.scalar(text("SELECT 1")) == 1, "readers do not wait"
    done.set()
    holder.join()
    with app.app_context(), write_session():
        pass


def test_no_connection_is_held_while_waiting_to_write(app: Flask) -> None:
    held: list[int] = []

    @contextmanager
    def queue() -> Iterator[None]:
        held.append(db.engine.pool.checkedout())
        yield

    app.extensions["writers"] = queue()
    with app.app_context():
        db.session.execute(text("SELECT 1"))
        assert db.engine.pool.checkedout() == 1
        with write_session():
            pass
    assert held == [0]


def test_times_are_kept_in_utc_and_come_back_aware(app_on_each_db: Flask) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    with app_on_each_db.app_context():
        with write_session():
            db.session.add(WrappedKey(purpose="data", number=5, wrapped=b"", wrapped_with="", created_at=moment))
            db.session.commit()
        db.session.expire_all()
        stored = db.session.scalars(select(WrappedKey.created_at).where(WrappedKey.number == 5)).one()
    assert (stored, stored.tzinfo) == (moment, UTC)


@pytest.mark.slow
def test_a_database_that_is_away_stops_no_start_and_is_used_when_it_comes(
    make_app: MakeApp, ann: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://nobody:hidden-word@127.0.0.1:{servers.free_port()}/nothing"
    client = make_app(DATABASE_URL=url).test_client()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    health = client.get("/health")
    assert (health.status_code, health.json["status"]) == (503, "unhealthy")
    for path, body in (("/api/signup", ann),):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json["error_type"]) == (503, "ServiceUnavailableError")
        assert int(answer.headers["Retry-After"]) >= 1
    assert "hidden-word" not in caplog.text + health.text


def test_a_full_or_read_only_disk_is_503(make_app_on_each_db: MakeApp, ann: dict[str, Any]) -> None:
    app = make_app_on_each_db()
    with app.app_context():
        sqlite = db.engine.dialect.name == "sqlite"
        event.listen(
            db.engine,
            "begin",
            lambda connection: connection.exec_driver_sql(
                "PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"
            ),
        )
    answer = app.test_client().post("/api/signup", json=ann)
    assert (answer.status_code, answer.json["error_type"]) == (503, "ServiceUnavailableError")


def test_accounts_are_listed_in_the_order_they_were_made(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context():
        for number in range(5):
            person = service.NewAccount(f"p{number}@example.com", "Ann", "Example", "Correct-horse-7")
            service.create(person, role="user", status="active")
        assert [account.email for account in service.list_accounts()] == [
            f"p{number}@example.com" for number in range(5)
        ]
        assert db.session.scalar(select(func.count()).select_from(Account)) == 5
