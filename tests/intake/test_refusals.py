"""Owners see how many submissions were refused and why, at the price of hardly any writes."""

import threading
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from forms_service.database.transactions import write_connection
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.intake import responses
from forms_service.submissions import refusals
from forms_service.submissions.models import Refusal
from tests.conftest import QUICK, KeyOf, MakeApp
from tests.intake.test_submission_repeats import sleep_until
from tests.support import servers
from tests.support.faults import before_statements
from tests.support.visitors import ANN, BROWSER, CONTACT, change, form_for

SITE = "https://site.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
NOTHING = dict.fromkeys(("origin", "origin_null", "challenge", "invalid", "too_large", "limited", "closed"), 0)


def refused(client: FlaskClient, form: str, key: dict[str, str], query: str = "") -> dict[str, int]:
    """The counts of the form that are not 0."""
    answer = client.get(f"/api/forms/{form}/stats{query}", headers=key)
    assert answer.status_code == 200, answer.text
    assert [*answer.json["data"]["refusals"]] == [*NOTHING]
    return {reason: count for reason, count in answer.json["data"]["refusals"].items() if count}


@pytest.fixture
def key(app_on_each_db: Flask, key_of: KeyOf) -> dict[str, str]:
    return key_of(app_on_each_db)


def rows(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        counts = db.session.execute(select(Refusal.reason, Refusal.count).order_by(Refusal.reason)).all()
        return [(reason, count) for reason, count in counts]


def count_pending(app: Flask, forms: Iterable[str]) -> int:
    counter = app.extensions["refusals"]
    return sum(counter.pending(form, date.min, date.max).total() for form in forms)


def flush(app: Flask) -> None:
    app.extensions["refusals"].flush()


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_every_refusal_is_counted_by_its_reason(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str], headers: dict[str, str]
) -> None:
    form = form_for(app_on_each_db, CONTACT, allowed_origins=[SITE])
    requests: list[tuple[str, dict[str, Any]]] = [
        ("origin", {"data": ANN, "headers": {"Origin": "https://evil.example"}}),
        ("origin_null", {"data": ANN, "headers": {"Origin": "null"}}),
        ("invalid", {"data": {"name": "Ann"}}),
        ("invalid", {"data": b"{", "content_type": "application/json"}),
        ("too_large", {"data": {"message": "x" * 2**20}}),
    ]
    for _, request in requests:
        assert (
            client_on_each_db.post(
                f"/f/{form}", **{**request, "headers": {**headers, **request.get("headers", {})}}
            ).status_code
            >= 400
        )
    client_on_each_db.options(f"/f/{form}", headers={"Origin": "https://evil.example", **PREFLIGHT})
    change(app_on_each_db, form, closed=True)
    client_on_each_db.post(f"/f/{form}", data=ANN, headers=headers)
    expected = {"origin": 2, "origin_null": 1, "invalid": 2, "too_large": 1, "closed": 1}
    assert refused(client_on_each_db, form, key) == expected
    flush(app_on_each_db)
    assert refused(client_on_each_db, form, key) == expected
    assert refused(client_on_each_db, form_for(app_on_each_db), key) == {}


def test_a_missing_captcha_is_no_mistake_in_the_form(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str]
) -> None:
    form = form_for(app_on_each_db, CONTACT, challenge="altcha")
    client_on_each_db.post(f"/f/{form}", json=ANN)
    client_on_each_db.post(f"/f/{form}", json={**ANN, "email": "x"})
    assert refused(client_on_each_db, form, key) == {"challenge": 1, "invalid": 1}


def test_what_is_taken_or_fails_on_our_side_is_no_refusal(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_for(app_on_each_db, max_submissions=2)
    assert client_on_each_db.post(f"/f/{form}", json=ANN).status_code == 200
    assert client_on_each_db.options(f"/f/{form}", headers={"Origin": SITE, **PREFLIGHT}).status_code == 204
    with monkeypatch.context() as patched:
        patched.setattr("forms_service.intake.service.accept_submission", lambda *_: 1 / 0)
        assert client_on_each_db.post(f"/f/{form}", json={"a": "b"}).status_code == 500
    assert refused(client_on_each_db, form, key) == {}


def test_a_client_that_is_held_back_is_counted_for_forms_that_there_are(
    make_app_on_each_db: MakeApp, key_of: KeyOf
) -> None:
    app = make_app_on_each_db(SUBMISSION_RATE_LIMIT="1/60")
    key, form, client = key_of(app), form_for(app), app.test_client()
    for number in range(4):
        client.post(f"/f/{form}", json={"n": number})
    for other in ("AAAAAAAAAAAAAAAA", "x", "%00", "A" * 500):
        assert client.post(f"/f/{other}", json=ANN).status_code == 429
    flush(app)
    assert rows(app) == [("limited", 3)]
    assert refused(client, form, key) == {"limited": 3}


def test_a_flood_is_one_write(app_on_each_db: Flask, client_on_each_db: FlaskClient) -> None:
    form, writes = form_for(app_on_each_db, CONTACT), []
    with app_on_each_db.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *arguments: writes.append(arguments[2]))
    for number in range(50):
        client_on_each_db.post(f"/f/{form}", json={"n": number})
    assert [sql for sql in writes if "refusals" in sql] == []
    flush(app_on_each_db)
    flush(app_on_each_db)
    assert len([sql for sql in writes if sql.startswith("INSERT INTO refusals")]) == 1
    assert rows(app_on_each_db) == [("invalid", 50)]


def test_memory_is_bounded(app_on_each_db: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MAX_PENDING", 3)
    counter = app_on_each_db.extensions["refusals"]
    forms = [f"AAAAAAAAAAAAAAA{number}" for number in range(10)]
    for form in [*forms, forms[0]]:
        counter.add(form, "limited")
    assert count_pending(app_on_each_db, forms) == 4
    flush(app_on_each_db)
    assert (rows(app_on_each_db), count_pending(app_on_each_db, forms)) == ([], 0)


def test_counts_wait_for_a_database_that_is_away(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str]
) -> None:
    form = form_for(app_on_each_db, CONTACT)
    client_on_each_db.post(f"/f/{form}", json={})
    with before_statements(app_on_each_db, "INSERT INTO refusals", lambda: 1 / 0):
        flush(app_on_each_db)
    assert rows(app_on_each_db) == []
    assert refused(client_on_each_db, form, key) == {"invalid": 1}
    flush(app_on_each_db)
    assert refused(client_on_each_db, form, key) == {"invalid": 1}


def test_several_threads_and_flushes_lose_nothing(app_on_each_db: Flask) -> None:
    form, counter = form_for(app_on_each_db), app_on_each_db.extensions["refusals"]

    def count() -> None:
        for number in range(100):
            counter.add(form, "invalid")
            if number % 25 == 0:
                counter.flush()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flush(app_on_each_db)
    assert rows(app_on_each_db) == [("invalid", 400)]


def test_the_days_asked_for_count_and_old_ones_go(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str]
) -> None:
    form = form_for(app_on_each_db)
    today = now().date()
    with app_on_each_db.app_context(), write_connection() as connection:
        for days in (0, 40, refusals.RETENTION_DAYS + 1):
            row = Refusal.__table__.insert().values(form_id=form, day=today - timedelta(days), reason="origin", count=5)
            connection.execute(row)
    assert refused(client_on_each_db, form, key) == {"origin": 5}
    assert refused(client_on_each_db, form, key, f"?since={today - timedelta(50)}T00:00:00Z") == {"origin": 10}
    with app_on_each_db.app_context():
        refusals.sweep()
    assert len(rows(app_on_each_db)) == 2


def test_they_go_with_the_form(app_on_each_db: Flask, client_on_each_db: FlaskClient, key: dict[str, str]) -> None:
    form = form_for(app_on_each_db, CONTACT)
    client_on_each_db.post(f"/f/{form}", json={})
    flush(app_on_each_db)
    client_on_each_db.post(f"/f/{form}", json={})
    assert client_on_each_db.delete(f"/api/forms/{form}", headers=key).status_code == 200
    flush(app_on_each_db)
    assert rows(app_on_each_db) == []


def test_every_kind_of_refusal_has_a_reason_of_the_list() -> None:
    assert {*responses.REASONS.values()} <= {*NOTHING}


def test_processes_are_counted_together_and_by_themselves(
    make_app_on_each_db: MakeApp, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "FLUSH_INTERVAL", 0.01)
    apps = [make_app_on_each_db(), make_app_on_each_db()]
    key, form = key_of(apps[0]), form_for(apps[0], CONTACT)
    for app in apps:
        app.test_client().post(f"/f/{form}", json={})
        sleep_until(lambda app=app: count_pending(app, [form]) == 0)
    assert rows(apps[0]) == [("invalid", 2)]
    assert refused(apps[1].test_client(), form, key) == {"invalid": 2}


@pytest.mark.slow
def test_a_process_that_ends_flushes_first(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    form = form_for(app, CONTACT)
    script = f"from wsgi import app; print(app.test_client().post('/f/{form}', json={{}}).status_code)"
    ended = servers.python(tmp_path / "instance", script, **QUICK, INSTANCE_PATH=str(app.instance_path))
    assert (ended.returncode, ended.stdout.split()[-1]) == (0, "422"), ended.stderr
    assert rows(app) == [("invalid", 1)]
