"""Too much at once: what waits, what is told to come back, and what is not touched by it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from forms_service import database
from forms_service.submissions.taking import challenges, running
from tests.taking import ANN, JSON, form_for, kept


def test_one_form_takes_not_all_threads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, other = form_for(app, challenge="altcha"), form_for(app)
    inside, goes_on = threading.Barrier(3), threading.Event()

    def wait(form: Any, _: Any) -> None:
        if form.id == slow:
            inside.wait(10)
            goes_on.wait(10)

    monkeypatch.setattr(challenges, "check", wait)
    monkeypatch.setattr(running, "MOST_OF_ONE_FORM", 2)
    with ThreadPoolExecutor(2) as pool:
        posts = [pool.submit(app.test_client().post, f"/f/{slow}", json={"n": number}) for number in range(2)]
        inside.wait(10)
        refused = app.test_client().post(f"/f/{slow}", json=ANN)
        assert (refused.status_code, refused.json["error_type"]) == (503, "ServiceUnavailableError")
        assert int(refused.headers["Retry-After"]) >= 1
        assert app.test_client().post(f"/f/{other}", json=ANN).status_code == 200
        goes_on.set()
        assert [post.result(10).status_code for post in posts] == [200, 200]
    monkeypatch.setattr(challenges, "check", lambda *_: None)
    assert app.test_client().post(f"/f/{slow}", json=ANN).status_code == 200


@pytest.mark.parametrize(("headers", "kind"), [(JSON, "application/json"), ({"Accept": "text/html"}, "text/html")])
def test_who_cannot_be_stored_in_time_is_told_to_come_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], kind: str
) -> None:
    form = form_for(app)
    assert app.test_client().post(f"/f/{form}", json={"first": 1}).status_code == 200
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with app.extensions["writers"]:
        answer = app.test_client().post(f"/f/{form}", data=ANN, headers=headers)
    assert (answer.status_code, answer.mimetype) == (503, kind)
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(kept(app, form)) == 1
