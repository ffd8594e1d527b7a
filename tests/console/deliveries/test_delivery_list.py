"""The list of a form's deliveries in the console."""

import re
import uuid

import pytest
from flask import Flask

from forms_service.database.types import new_id
from forms_service.delivery import worker
from tests.conftest import KeyOf
from tests.support.console import Visitor
from tests.support.html_forms import send_form
from tests.support.notification_mails import enqueue
from tests.support.stored import submit
from tests.support.webhook_transport import Endpoints, fail, queue, register

URL = "https://hooks.example/"


@pytest.fixture
def endpoints(app_on_each_db: Flask) -> Endpoints:
    return register(app_on_each_db)


@pytest.fixture
def page(form: str) -> str:
    return f"/console/forms/{form}/deliveries"


def deliver(app: Flask) -> None:
    with app.app_context():
        worker.deliver_due()


def refused(app: Flask, form: str, endpoints: Endpoints) -> None:
    """A submission whose webhook is given up, and whose mail is sent."""
    endpoints.faults[URL] = fail("gone <b>away</b>", permanent=True, status=410)
    submission = submit(app, form)
    with app.app_context():
        queue(URL, about=uuid.UUID(submission), target_id=new_id())
    enqueue(app, form, submission)
    deliver(app)


def shown(visitor: Visitor, path: str) -> list[str]:
    return re.findall(r"<strong>(Notification|test\.hook)</strong>", visitor.get(path).text)


def test_each_has_its_state_its_target_and_its_attempts(
    app_on_each_db: Flask, signed_in: Visitor, form: str, page: str, endpoints: Endpoints
) -> None:
    assert "Nothing has been sent yet." in signed_in.get(page).text
    refused(app_on_each_db, form, endpoints)
    text = signed_in.get(page).text
    assert "gone &lt;b&gt;away&lt;/b&gt;" in text
    assert "<bdi>owner@example.com</bdi>" in text
    assert "a webhook of all the owner&#39;s forms" in text
    assert "failed, given up" in text
    assert re.search(r'href="/console/submissions/[0-9a-f-]+">[0-9A-Z]{5}-[0-9A-Z]{5}<', text)


def test_filters_by_state_and_channel(
    app_on_each_db: Flask, signed_in: Visitor, form: str, page: str, endpoints: Endpoints
) -> None:
    refused(app_on_each_db, form, endpoints)
    assert sorted(shown(signed_in, page)) == ["Notification", "test.hook"]
    assert shown(signed_in, f"{page}?channel=mail") == ["Notification"]
    assert shown(signed_in, f"{page}?state=failed") == ["test.hook"]
    assert shown(signed_in, f"{page}?state=failed&channel=mail") == []
    assert "Nothing like that" in signed_in.get(f"{page}?state=waiting").text
    assert signed_in.get(f"{page}?state=nonsense").status_code == 422


def test_a_page_leads_to_the_older_ones(
    app_on_each_db: Flask, signed_in: Visitor, form: str, page: str, endpoints: Endpoints
) -> None:
    for _ in range(2):
        refused(app_on_each_db, form, endpoints)
    text = signed_in.get(f"{page}?limit=3&state=failed").text
    assert "Older deliveries" not in text
    text = signed_in.get(f"{page}?limit=1&state=failed").text
    (older,) = re.findall(r'href="([^"]*cursor=[^"]*)">Older deliveries', text)
    assert shown(signed_in, older.replace("&amp;", "&")) == ["test.hook"]


def test_a_retry_comes_back_to_the_same_part_of_the_list(
    app_on_each_db: Flask, signed_in: Visitor, form: str, page: str, endpoints: Endpoints
) -> None:
    refused(app_on_each_db, form, endpoints)
    endpoints.faults.clear()
    del app_on_each_db.extensions["sources"]["test.hook"]  # its content is gone
    answer = send_form(signed_in, f"{page}?state=failed", "/retry")
    assert answer.status_code == 409
    assert "This message cannot be sent again" in answer.text
    assert 'aria-current="true">Failed<' in answer.text
    register(app_on_each_db, source=lambda _: {"text": "x"})
    answer = send_form(signed_in, f"{page}?state=failed", "/retry")
    assert answer.headers["Location"] == f"{page}?done=due&state=failed"
    assert "It is sent within seconds." in signed_in.get(answer.headers["Location"]).text
    deliver(app_on_each_db)
    assert shown(signed_in, f"{page}?state=failed") == []


def test_a_stranger_retries_nothing(
    app_on_each_db: Flask, signed_in: Visitor, form: str, page: str, endpoints: Endpoints, key_of: KeyOf
) -> None:
    refused(app_on_each_db, form, endpoints)
    (path,) = re.findall(r'action="([^"]*/retry)\?state=failed"', signed_in.get(f"{page}?state=failed").text)
    key_of(app_on_each_db, "stranger@example.com")
    stranger = Visitor(app_on_each_db)
    stranger.sign_in("stranger@example.com")
    assert stranger.post(path, {"csrf_token": stranger.token("/console")}).status_code == 404
    assert shown(signed_in, f"{page}?state=failed") == ["test.hook"]
