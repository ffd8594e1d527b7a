"""Forms that open and close at a time: submissions, pages and words."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_service.forms import availability, page_tokens
from tests.support.visitors import ANN, CONTACT, form_for, submissions_of

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
TYPED = {"name": "Ann", "email": "ann@example.com", "message": "My long story"}


def at(seconds: float) -> str:
    """A time so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def send(client: FlaskClient, form: str, shown_before: float | None = None, **values: str) -> TestResponse:
    """A browser sends the page that it opened `shown_before` seconds ago."""
    with client.application.app_context():
        started = {} if shown_before is None else {"_started": page_tokens.issue_start(shown_before)}
    return client.post(f"/f/{form}", data={**TYPED, **started, **values}, headers=BROWSER)


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({"opens_at": -60}, 200),
        ({"closes_at": 60}, 200),
        ({"opens_at": -60, "closes_at": 60}, 200),
        ({"opens_at": 60}, 403),
        ({"closes_at": -1}, 403),
        ({"opens_at": -60, "closes_at": -1}, 403),
        ({"opens_at": -60, "closed": True}, 403),
    ],
)
def test_submissions_are_accepted_from_one_time_to_the_other(
    app: Flask, client: FlaskClient, times: dict[str, Any], status: int
) -> None:
    form = form_for(app, CONTACT, **{name: at(value) if value is not True else True for name, value in times.items()})
    answer = client.post(f"/f/{form}", json=ANN)
    assert answer.status_code == status
    assert client.get(f"/f/{form}").status_code == status
    assert len(submissions_of(app, form)) == (status == 200)
    if status == 403:
        assert answer.json["details"]["reason"] == "INACTIVE"


def test_a_form_opens_and_closes_without_being_saved(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_for(app, CONTACT, opens_at=at(60), closes_at=at(120))
    before, clock = client.post(f"/f/{form}", json=ANN).status_code, time.time
    monkeypatch.setattr("time.time", lambda: clock() + 90)
    between = client.post(f"/f/{form}", json=ANN).status_code
    monkeypatch.setattr("time.time", lambda: clock() + 150)
    assert (before, between, client.post(f"/f/{form}", json={**ANN, "x": "y"}).status_code) == (403, 200, 403)


def test_a_page_says_when_the_form_opens(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, CONTACT, opens_at="2099-03-01T09:05:00Z")
    page = client.get(f"/f/{form}", headers=BROWSER)
    assert page.status_code == 403
    assert "This form is not open yet." in page.text
    assert '<time datetime="2099-03-01T09:05:00+00:00">1 March 2099, 09:05 UTC</time>' in page.text
    assert "<form" not in page.text
    answer = client.post(f"/f/{form}", json=ANN).json
    assert answer["message"] == "This form is not open yet. It opens on 1 March 2099, 09:05 UTC."
    assert answer["details"] == {"reason": "INACTIVE", "opens_at": "2099-03-01T09:05:00Z"}


@pytest.mark.parametrize("setting", [{"closed": True}, {"closes_at": "2020-01-01T00:00:00Z"}, {"max_submissions": 1}])
def test_a_closed_or_full_form_has_the_owners_words(app: Flask, client: FlaskClient, setting: dict[str, Any]) -> None:
    form = form_for(app, CONTACT, **setting, closed_text="Thank you all.\n<b>See you</b> next year.")
    client.post(f"/f/{form}", json=ANN)
    page = client.get(f"/f/{form}", headers=BROWSER)
    assert page.status_code == 403
    assert "Thank you all.\n&lt;b&gt;See you&lt;/b&gt; next year.</p>" in page.text
    answer = client.post(f"/f/{form}", json={**ANN, "message": "Another"})
    assert (answer.status_code, answer.json["message"]) == (403, "Thank you all.\n<b>See you</b> next year.")


def test_before_it_opens_the_owners_words_come_with_the_time(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, CONTACT, opens_at="2099-03-01T09:00:00Z", closed_text="Registration is in March.")
    page = client.get(f"/f/{form}", headers=BROWSER).text
    assert "Registration is in March." in page
    assert "1 March 2099, 09:00 UTC</time>" in page
    assert client.post(f"/f/{form}", json=ANN).json["message"].startswith("Registration is in March.\nIt opens on 1 M")


def test_words_that_come_too_late_are_shown_to_copy(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, CONTACT, closes_at=at(-availability.GRACE - 5))
    page = send(client, form, availability.GRACE + 60)
    assert page.status_code == 403
    assert "My long story</dd>" in page.text
    assert "ann@example.com</dd>" in page.text
    assert submissions_of(app, form) == []


class TestGrace:
    """A page that was opened in time may be sent for ten minutes more."""

    def test_it_is_for_a_page_that_was_opened_before(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, CONTACT, opens_at=at(-3600), closes_at=at(-300))
        assert send(client, form, 310).status_code == 303
        assert send(client, form, 290, message="Opened after the end").status_code == 403
        assert send(client, form, 3700, message="Opened before it opened").status_code == 403
        assert send(client, form, message="Nobody knows when").status_code == 403
        assert send(client, form, _started="forged", message="A forged time").status_code == 403
        assert len(submissions_of(app, form)) == 1

    def test_it_ends(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, CONTACT, closes_at=at(-availability.GRACE - 1))
        assert send(client, form, availability.GRACE + 60).status_code == 403

    def test_it_is_not_for_a_form_that_its_owner_closes(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, CONTACT, closes_at=at(-300), closed=True)
        assert send(client, form, 310).status_code == 403

    def test_a_mistake_may_be_corrected(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, CONTACT, closes_at=at(-300))
        page = send(client, form, 310, email="ann")
        assert page.status_code == 422
        assert 'value="ann"' in page.text
        assert "<form" in page.text
