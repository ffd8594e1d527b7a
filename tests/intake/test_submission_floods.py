"""Too much at once: what waits, what is told to come back, and what is not touched by it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from forms_service.database import transactions
from forms_service.delivery import senders, worker
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms import cache as publishing
from forms_service.forms.cache import get_published_form
from forms_service.forms.models import Form
from forms_service.intake import in_flight
from forms_service.spam import captcha, checks
from forms_service.web.active_requests import ActiveRequest, active
from tests.conftest import MakeApp
from tests.support.delivery_clock import movable_clock
from tests.support.visitors import ANN, JSON, form_for, submissions_of


def test_one_form_takes_not_all_threads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, other = form_for(app, challenge="altcha"), form_for(app)
    inside, goes_on = threading.Barrier(3), threading.Event()

    def wait(form: Any, _: Any) -> None:
        if form.id == slow:
            inside.wait(10)
            goes_on.wait(10)

    monkeypatch.setattr(captcha, "check_token", wait)
    monkeypatch.setattr(in_flight, "MAX_PER_FORM", 2)
    with ThreadPoolExecutor(2) as pool:
        posts = [pool.submit(app.test_client().post, f"/f/{slow}", json={"n": number}) for number in range(2)]
        inside.wait(10)
        refused = app.test_client().post(f"/f/{slow}", json=ANN)
        assert (refused.status_code, refused.json["error_type"]) == (503, "ServiceUnavailableError")
        assert int(refused.headers["Retry-After"]) >= 1
        assert app.test_client().post(f"/f/{other}", json=ANN).status_code == 200
        goes_on.set()
        assert [post.result(10).status_code for post in posts] == [200, 200]
    monkeypatch.setattr(captcha, "check_token", lambda *_: None)
    assert app.test_client().post(f"/f/{slow}", json=ANN).status_code == 200


@pytest.mark.parametrize(("headers", "kind"), [(JSON, "application/json"), ({"Accept": "text/html"}, "text/html")])
def test_who_cannot_be_stored_in_time_is_told_to_come_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], kind: str
) -> None:
    form = form_for(app)
    assert app.test_client().post(f"/f/{form}", json={"first": 1}).status_code == 200
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT", 0.05)
    with app.extensions["writers"]:
        answer = app.test_client().post(f"/f/{form}", data=ANN, headers=headers)
    assert (answer.status_code, answer.mimetype) == (503, kind)
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(submissions_of(app, form)) == 1


def test_mails_give_way_to_people_who_wait(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(BACKGROUND_WORK="outside")
    form = form_for(app)
    rests: list[float] = []
    monkeypatch.setattr(worker, "time", SimpleNamespace(**vars(time) | {"sleep": rests.append}))
    for busy in (False, True):
        assert app.test_client().post(f"/f/{form}", json={"busy": busy}).status_code == 200
        if busy:
            monkeypatch.setitem(active, 0, ActiveRequest(time.monotonic(), {}, "busy"))
        with app.app_context():
            assert worker.deliver_due() == 1
        assert bool(rests) == busy
    assert all(0 < rest <= worker.MAX_IDLE for rest in rests)


def test_mails_that_have_waited_get_up_to_half_of_a_busy_process(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, clock = make_app(BACKGROUND_WORK="outside"), movable_clock(monkeypatch)
    form, rests, seconds = form_for(app), list[float](), count()
    monkeypatch.setattr(worker, "time", SimpleNamespace(thread_time=lambda: 0.0, sleep=rests.append))
    monkeypatch.setattr(senders, "time", SimpleNamespace(thread_time=lambda: next(seconds) / 100))
    monkeypatch.setitem(active, 0, ActiveRequest(time.monotonic(), {}, "busy"))
    totals = []
    for waited in (0, 30, 60, 600):
        assert app.test_client().post(f"/f/{form}", json={"waited": waited}).status_code == 200
        clock(seconds=waited)
        rests.clear()
        with app.app_context():
            assert worker.deliver_due() == 1
        totals.append(round(sum(rests) * 100))
    assert totals[0] == 39, "a fortieth"
    assert 1 < totals[1] < 5
    assert totals[2:] == [1, 1], "half"


def test_a_request_is_in_hand_until_it_is_answered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr(checks, "find_spam_reasons", lambda *_: counts.append(len(active)) or [])
    assert app.test_client().post(f"/f/{form_for(app)}", json=ANN).status_code == 200
    assert app.test_client().post("/f/x", json=ANN).status_code == 404
    assert counts == [1]
    assert active == {}


def test_one_thread_renews_a_form_while_the_others_go_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_for(app)
    loading, goes_on, load = threading.Event(), threading.Event(), publishing.read_once

    def slow(*arguments: Any, **values: Any) -> Any:
        loading.set()
        goes_on.wait(10)
        return load(*arguments, **values)

    def name() -> str:
        with app.app_context():
            return get_published_form(form).name

    name()
    monkeypatch.setattr(publishing, "MAX_AGE", -1)
    monkeypatch.setattr(publishing, "read_once", slow)
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(name)
        loading.wait(10)
        monkeypatch.setattr(publishing, "MAX_AGE", 60)
        assert name() == "Contact"
        assert not renewing.done()
        goes_on.set()
        assert renewing.result(10) == "Contact"


def test_a_form_that_another_process_deleted_is_not_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_for(app)
    assert app.test_client().post(f"/f/{form}", json=ANN).status_code == 200
    with app.app_context(), transactions.write_session():
        db.session.execute(delete(Form).where(Form.id == form))
        db.session.commit()
    with monkeypatch.context() as patched, app.app_context():
        patched.setattr(publishing, "MAX_AGE", -1)
        with pytest.raises(NotFoundError):
            get_published_form(form)
    assert [app.test_client().post(f"/f/{form}", json=ANN).status_code for _ in range(2)] == [404, 404]
