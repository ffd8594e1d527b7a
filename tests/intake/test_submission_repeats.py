"""The same again: double clicks, idempotency keys, and several at once, on both databases."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from forms_service.background import periodic
from forms_service.database import group_commit
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.intake.deduplication import DUPLICATE_WINDOW, IDEMPOTENCY_KEY_TTL
from forms_service.spam import captcha
from forms_service.submissions.models import IdempotencyKey, Submission
from tests.conftest import MakeApp
from tests.support.visitors import ANN, change, form_for, only, queued, submissions_of

AT_ONCE = 12


@pytest.fixture
def form(app_on_each_db: Flask) -> str:
    return form_for(app_on_each_db)


def at_once(app: Flask, post: Callable[[FlaskClient, int], Any]) -> list[Any]:
    """Answers to many clients that post in the same moment."""
    start = threading.Barrier(AT_ONCE)

    def one(number: int) -> Any:
        client = app.test_client()
        start.wait()
        return post(client, number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def identity(answer: Any) -> str:
    assert answer.status_code == 200, answer.json
    return str(answer.json["data"]["id"])


def sleep_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.005)
    assert true()


def make_older(app: Flask, table: Any, by: timedelta) -> None:
    with app.app_context():
        for row in db.session.scalars(select(table)):
            row.created_at -= by
        db.session.commit()


def test_a_double_click_is_stored_once_and_answered_the_same(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    first, second = (client_on_each_db.post(f"/f/{form}", json=ANN) for _ in range(2))
    assert first.json == second.json
    assert identity(first) == str(only(app_on_each_db, form).id)
    assert len(queued(app_on_each_db, form)) == 1


def test_later_or_from_elsewhere_or_other_content_is_another(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    other = form_for(app_on_each_db)
    made = {identity(client_on_each_db.post(f"/f/{form}", json=ANN))}
    make_older(app_on_each_db, Submission, DUPLICATE_WINDOW + timedelta(seconds=1))
    made.add(identity(client_on_each_db.post(f"/f/{form}", json=ANN)))
    made.add(identity(client_on_each_db.post(f"/f/{form}", json={**ANN, "message": "Hello!"})))
    made.add(identity(client_on_each_db.post(f"/f/{form}", json={**ANN, "_subject": "Hi"})))
    made.add(identity(client_on_each_db.post(f"/f/{form}", json=ANN, environ_base={"REMOTE_ADDR": "192.0.2.9"})))
    made.add(identity(client_on_each_db.post(f"/f/{other}", json=ANN)))
    assert len(made) == 6
    assert len(submissions_of(app_on_each_db, form)) == 5


def test_many_at_once_with_the_same_content_store_one(app_on_each_db: Flask, form: str) -> None:
    answers = at_once(app_on_each_db, lambda client, _: client.post(f"/f/{form}", json=ANN))
    assert {identity(answer) for answer in answers} == {str(only(app_on_each_db, form).id)}


def test_many_at_once_are_all_stored_once_each(app_on_each_db: Flask, form: str) -> None:
    answers = at_once(app_on_each_db, lambda client, number: client.post(f"/f/{form}", json={**ANN, "number": number}))
    assert sorted(identity(answer) for answer in answers) == [
        str(row.id) for row in submissions_of(app_on_each_db, form)
    ]
    assert len(queued(app_on_each_db, form)) == AT_ONCE


def test_many_at_once_do_not_overfill_a_form(app_on_each_db: Flask) -> None:
    form = form_for(app_on_each_db, max_submissions=5)
    answers = at_once(app_on_each_db, lambda client, number: client.post(f"/f/{form}", json={**ANN, "number": number}))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [403] * (AT_ONCE - 5)
    assert len(submissions_of(app_on_each_db, form)) == 5


def test_the_same_key_and_content_get_the_same_id_for_24_hours(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    def post(key: str, **more: Any) -> Any:
        return client_on_each_db.post(f"/f/{form}", json=ANN, headers={"Idempotency-Key": key}, **more)

    first = identity(post("k"))
    make_older(app_on_each_db, Submission, DUPLICATE_WINDOW * 2)
    assert identity(post("k")) == first
    assert identity(post("k", environ_base={"REMOTE_ADDR": "192.0.2.9"})) == first
    assert identity(post("K" * 255)) != first
    make_older(app_on_each_db, IdempotencyKey, IDEMPOTENCY_KEY_TTL + timedelta(seconds=1))
    make_older(app_on_each_db, Submission, DUPLICATE_WINDOW * 2)
    assert identity(post("k")) != first


def test_old_keys_are_swept(client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str) -> None:
    def post(key: str) -> str:
        return identity(client_on_each_db.post(f"/f/{form}", json={"key": key}, headers={"Idempotency-Key": key}))

    post("old")
    make_older(app_on_each_db, IdempotencyKey, IDEMPOTENCY_KEY_TTL + timedelta(seconds=1))
    young = post("young")
    with app_on_each_db.app_context():
        assert "idempotency keys" in periodic.run_due()
        assert {str(each) for each in db.session.scalars(select(IdempotencyKey.submission_id))} == {young}


def test_the_same_key_with_other_content_is_a_422_and_on_another_form_another(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    key = {"Idempotency-Key": "k"}
    first = identity(client_on_each_db.post(f"/f/{form}", json=ANN, headers=key))
    answer = client_on_each_db.post(f"/f/{form}", json={**ANN, "message": "Hello!"}, headers=key)
    assert (answer.status_code, answer.json["codes"]) == (422, {"Idempotency-Key": ["key_reused"]})
    assert identity(client_on_each_db.post(f"/f/{form_for(app_on_each_db)}", json=ANN, headers=key)) != first
    assert len(submissions_of(app_on_each_db, form)) == 1


def test_a_key_counts_for_its_client_alone(client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str) -> None:
    def post(client: str, body: dict[str, Any], to: str = form) -> Any:
        headers, environ = {"Idempotency-Key": "guessable"}, {"REMOTE_ADDR": client}
        return client_on_each_db.post(f"/f/{to}", json=body, headers=headers, environ_base=environ)

    stranger = identity(post("192.0.2.1", {"x": "y"}))
    first = identity(post("192.0.2.2", ANN))
    make_older(app_on_each_db, Submission, DUPLICATE_WINDOW * 2)
    assert first != stranger
    assert identity(post("192.0.2.2", ANN)) == first
    assert identity(post("198.51.100.7", ANN)) == first, "the same person, in another network by now"
    answer = post("198.51.100.7", {**ANN, "message": "Other"})
    assert (answer.status_code, answer.json["codes"]) == (422, {"Idempotency-Key": ["key_reused"]})
    assert post("192.0.2.1", ANN).status_code == 422
    assert len(submissions_of(app_on_each_db, form)) == 2


def test_a_strangers_request_under_the_same_key_holds_nobody_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form, key = form_for(app, challenge="altcha"), {"Idempotency-Key": "guessable"}
    entered, goes_on = threading.Event(), threading.Event()

    def slow(_: Any, incoming: Any) -> None:
        if incoming.client == "192.0.2.1":
            entered.set()
            goes_on.wait(10)

    monkeypatch.setattr(captcha, "check_token", slow)

    def post(client: str) -> int:
        environ = {"REMOTE_ADDR": client}
        return (
            app.test_client().post(f"/f/{form}", json={"from": client}, headers=key, environ_base=environ).status_code
        )

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, "192.0.2.1")
        entered.wait(10)
        assert post("192.0.2.2") == 200
        goes_on.set()
        assert first.result() == 200


def test_a_repeat_under_another_key_binds_that_key_too(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    first, second = (
        client_on_each_db.post(f"/f/{form}", json=ANN, headers={"Idempotency-Key": key}) for key in ("a", "b")
    )
    assert identity(first) == identity(second)
    assert client_on_each_db.post(f"/f/{form}", json={"x": "y"}, headers={"Idempotency-Key": "b"}).status_code == 422


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_1_to_255_characters(client: FlaskClient, app: Flask, key: str) -> None:
    answer = client.post(f"/f/{form_for(app)}", json=ANN, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["codes"]) == (422, {"Idempotency-Key": ["invalid_key"]})


def test_a_refused_one_does_not_use_its_key_up(client: FlaskClient, app: Flask) -> None:
    form, key = form_for(app), {"Idempotency-Key": "k"}
    assert client.post(f"/f/{form}", json={}, headers=key).status_code == 422
    assert client.post(f"/f/{form}", json=ANN, headers=key).status_code == 200


def test_many_at_once_under_one_key_store_one(app_on_each_db: Flask, form: str) -> None:
    key = {"Idempotency-Key": "k"}
    answers = at_once(
        app_on_each_db,
        lambda client, number: client.post(
            f"/f/{form}", json=ANN, headers=key, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}
        ),
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    made = {identity(answer) for answer in answers if answer.status_code == 200}
    assert made == {str(only(app_on_each_db, form).id)}


def test_two_processes_under_one_key_store_one(make_app_on_each_db: MakeApp) -> None:
    apps = [make_app_on_each_db() for _ in range(2)]
    form, key = form_for(apps[0]), {"Idempotency-Key": "k"}
    clients = [app.test_client() for app in apps]

    def post(_: FlaskClient, number: int) -> Any:
        environ = {"REMOTE_ADDR": f"192.0.2.{number}"}
        return clients[number % 2].post(f"/f/{form}", json=ANN, headers=key, environ_base=environ)

    answers = at_once(apps[0], post)
    made = {identity(answer) for answer in answers if answer.status_code != 409}
    assert made == {str(only(apps[0], form).id)}


def test_while_the_first_still_runs_its_key_is_a_409(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form, key = form_for(app, challenge="altcha"), {"Idempotency-Key": "k"}
    entered, goes_on = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        entered.set()
        goes_on.wait(10)

    monkeypatch.setattr(captcha, "check_token", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: app.test_client().post(f"/f/{form}", json=ANN, headers=key))
        entered.wait(10)
        assert app.test_client().post(f"/f/{form}", json=ANN, headers=key).status_code == 409
        goes_on.set()
        made = identity(first.result())
    assert identity(app.test_client().post(f"/f/{form}", json=ANN, headers=key)) == made


def test_a_repeat_needs_no_second_captcha(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form, tokens = form_for(app, challenge="altcha"), []
    monkeypatch.setattr(captcha, "check_token", lambda _, incoming: tokens.append(incoming.challenge))
    first = identity(app.test_client().post(f"/f/{form}", json={**ANN, "altcha": "token"}))
    assert identity(app.test_client().post(f"/f/{form}", json={**ANN, "altcha": "token"})) == first
    assert tokens == [{"altcha": ("token",)}]


def test_a_retry_is_answered_when_the_form_was_filled_or_closed_by_it(client: FlaskClient, app: Flask) -> None:
    form, key = form_for(app, max_submissions=1), {"Idempotency-Key": "k"}
    first = identity(client.post(f"/f/{form}", json=ANN, headers=key))
    assert identity(client.post(f"/f/{form}", json=ANN, headers=key)) == first
    change(app, form, closed=True)
    assert identity(client.post(f"/f/{form}", json=ANN, headers=key)) == first
    assert client.post(f"/f/{form}", json={"a": "b"}).status_code == 403


def test_one_that_the_database_refuses_does_not_take_the_others_down(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_DELAY", 0)
    gone, form = form_for(app), form_for(app)
    for known in (gone, form):
        assert app.test_client().post(f"/f/{known}", json={"first": known}).status_code == 200
    with app.app_context(), write_session():
        db.session.execute(delete(Form).where(Form.id == gone))
        db.session.commit()  # nobody is told, as when another process does it
    with ThreadPoolExecutor(AT_ONCE) as pool:
        with app.extensions["writers"]:
            posts = [
                pool.submit(app.test_client().post, f"/f/{to}", json={"n": number})
                for number, to in enumerate((gone, form, form, gone, form))
            ]
            sleep_until(lambda: app.extensions["group_commit"].waiting == 4)
        answers = [post.result(10).status_code for post in posts]
    assert answers == [404, 200, 200, 404, 200]
    assert len(submissions_of(app, form)) == 4
