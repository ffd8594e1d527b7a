"""Rate limits in the database: for passwords always, for all while Redis is away."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.rate_limiting import database_storage
from forms_service.rate_limiting.database_storage import DatabaseStorage
from forms_service.rate_limiting.models import LimitWindow
from forms_service.rate_limiting.storage import LimitCheck
from tests.conftest import MakeApp
from tests.support import servers

LOGIN = {"email": "ann@example.com", "password": "Wrong-horse-7"}


def storages(app: Flask, count: int) -> list[DatabaseStorage]:
    """Storages that share nothing but the database, as those of different processes."""
    return [DatabaseStorage(b"secret") for _ in range(count)]


def test_all_are_charged_or_none(app_on_each_db: Flask) -> None:
    (storage,) = storages(app_on_each_db, 1)
    wide, narrow = LimitCheck("wide:a", 5, 60), LimitCheck("narrow:a", 1, 60)
    with app_on_each_db.app_context():
        assert [state.remaining for state in storage.hit_all([wide, narrow])] == [4, 0]
        refused = storage.hit_all([wide, narrow])
        assert [(state.remaining, bool(state.wait)) for state in refused] == [(4, False), (0, True)]
        assert 59 <= refused[1].wait <= 60
        storage.refund("narrow:a")
        assert [state.remaining for state in storage.hit_all([narrow, wide])] == [0, 3]
        storage.clear("wide:a")
        assert storage.hit_all([wide._replace(cost=2)])[0].remaining == 3


def test_storages_count_together_exactly_while_all_hit_at_once(app_on_each_db: Flask) -> None:
    """Keys in any order: the locks must not deadlock."""
    shared = storages(app_on_each_db, 4)
    checks = [LimitCheck("form:f", 40, 60), LimitCheck("client:c", 1000, 60)]

    def hit(number: int) -> bool:
        with app_on_each_db.app_context():
            return not any(state.wait for state in shared[number % 4].hit_all(checks[:: 1 if number % 2 else -1]))

    with ThreadPoolExecutor(16) as threads:
        assert Counter(threads.map(hit, range(120))) == {True: 40, False: 80}
    with app_on_each_db.app_context():
        (state,) = shared[0].hit_all([checks[1]._replace(cost=0)])
        assert state.remaining == 960, "refused requests are charged to no limit"


def test_expired_windows_are_swept(app_on_each_db: Flask) -> None:
    (storage,) = storages(app_on_each_db, 1)
    with app_on_each_db.app_context():
        storage.hit_all([LimitCheck("short:a", 5, 60), LimitCheck("long:a", 5, 3600)])
        db.session.execute(
            LimitWindow.__table__.update()  # type: ignore[attr-defined]  # a table, not any FROM clause
            .where(LimitWindow.expires_at < now() + timedelta(seconds=120))
            .values(expires_at=now() - timedelta(seconds=1))
        )
        db.session.commit()
        database_storage.sweep()
        assert db.session.scalar(select(func.count()).select_from(LimitWindow)) == 1
        assert app_on_each_db.extensions["tasks"]["limits"].function is database_storage.sweep


def test_attempts_to_sign_in_count_across_restarts_and_an_emptied_redis(
    make_app: MakeApp, postgres_url: str, redis_url: str
) -> None:
    statuses = []
    for _ in range(2):
        client = make_app(DATABASE_URL=postgres_url, REDIS_URL=redis_url, LOGIN_RATE_LIMIT="3/900").test_client()
        statuses += [client.post("/api/login", json=LOGIN).status_code for _ in range(2)]
        client.application.extensions["redis"].client.flushdb()
    assert statuses == [401, 401, 401, 429]


def test_no_key_in_the_database_shows_whom_it_counts(app: Flask) -> None:
    app.test_client().post("/api/login", json=LOGIN, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    with app.app_context():
        keys = db.session.scalars(select(LimitWindow.key)).all()
    assert [len(key) for key in keys] == [16, 16], "client and account"


def test_a_refusal_by_another_limit_gives_the_attempt_back(make_app: MakeApp) -> None:
    client = make_app(LOGIN_RATE_LIMIT="3/900", RATE_LIMIT_REQUESTS="1").test_client()
    assert [client.post("/api/login", json=LOGIN).status_code for _ in range(5)] == [401, 429, 429, 429, 429]
    with client.application.app_context():
        hits = db.session.scalars(select(func.length(LimitWindow.hits))).all()
    assert sorted(hits) == [8, 8], "client and account: one attempt each"


@pytest.mark.slow
def test_without_redis_and_database_the_memory_counts_and_nothing_opens(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database_storage, "RETRY_INTERVAL", 0)
    redis = f"redis://127.0.0.1:{servers.free_port()}"
    client = make_app(DATABASE_URL=postgres_url, REDIS_URL=redis, LOGIN_RATE_LIMIT="2/900").test_client()
    with psycopg.connect(postgres_url) as other:
        other.execute("ALTER TABLE limit_windows RENAME TO elsewhere")
        other.commit()
        try:
            statuses = [client.post("/api/login", json=LOGIN).status_code for _ in range(4)]
            assert statuses == [401, 401, 429, 429]
            assert "forms_limits_in_memory 1.0" in client.get("/metrics").text
        finally:
            other.execute("ALTER TABLE elsewhere RENAME TO limit_windows")
            other.commit()
    assert client.post("/api/login", json=LOGIN).status_code == 401, "the database counts from where it was"
    logged = [record.getMessage() for record in caplog.records if record.name == "forms_service.events"]
    assert [name for name in logged if name.startswith("limits_in")] == ["limits_in_memory", "limits_in_database"]
