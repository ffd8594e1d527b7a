"""Owners see the deliveries about their submissions, with each attempt, and retry them."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import leases, outbox, worker
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.notifications.deliveries import queries
from forms_service.submissions.deletion import erase
from tests.conftest import KeyOf
from tests.support.delivery_clock import movable_clock
from tests.support.outbox import lease_next
from tests.support.stored import submit
from tests.support.webhook_transport import Endpoints, fail, queue, register, target_of

URL = "https://hooks.example/"


@pytest.fixture
def endpoints(app_on_each_db: Flask) -> Endpoints:
    return register(app_on_each_db)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return movable_clock(monkeypatch)


class Owner:
    """Asks for deliveries with an owner's key."""

    def __init__(self, app: Flask, form: str, headers: dict[str, str]) -> None:
        self.app, self.form, self._headers = app, form, headers
        self._client = app.test_client()

    def page(self, query: str = "") -> Any:
        answer = self._client.get(f"/api/forms/{self.form}/deliveries{query}", headers=self._headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    def list(self, query: str = "") -> Any:
        return self.page(query)["data"]

    def get(self, delivery: str) -> Any:
        return self._client.get(f"/api/deliveries/{delivery}", headers=self._headers)

    def retry(self, delivery: str) -> Any:
        return self._client.post(f"/api/deliveries/{delivery}/retry", headers=self._headers)

    def submit(self, *urls: str, **more: Any) -> uuid.UUID:
        """A submission with deliveries to these URLs."""
        submission = uuid.UUID(submit(self.app, self.form))
        with self.app.app_context():
            queue(*urls or (URL,), about=submission, **more)
        return submission

    def deliver(self) -> None:
        with self.app.app_context():
            worker.deliver_due()


@pytest.fixture
def olga(app_on_each_db: Flask, form: str, owner: dict[str, str]) -> Owner:
    return Owner(app_on_each_db, form, owner)


def test_a_delivery_shows_each_attempt_with_status_answer_and_duration(
    olga: Owner, endpoints: Endpoints, clock: Callable[..., None]
) -> None:
    hook = new_id()
    submission = olga.submit(target_id=hook)
    endpoints.faults[URL] = fail("x" * 5000, status=503)
    olga.deliver()
    (waiting,) = olga.list()
    assert waiting["state"] == "waiting"
    assert waiting["next_attempt_at"] > waiting["attempts"][0]["at"]
    endpoints.faults.clear()
    clock(seconds=20)
    olga.deliver()
    (delivery,) = olga.list()
    attempts = delivery.pop("attempts")
    assert delivery == {
        "id": str(endpoints.messages[0][1]),
        "channel": "webhook",
        "kind": "test.hook",
        "submission_id": str(submission),
        "webhook_id": str(hook),
        "state": "sent",
        "next_attempt_at": None,
    }
    assert [(attempt["outcome"], attempt["status"], len(attempt["answer"])) for attempt in attempts] == [
        ("again", 503, leases.MAX_ANSWER_LENGTH),
        ("sent", 200, 2),
    ]
    assert all(attempt["duration"] >= 0 for attempt in attempts)
    assert olga.get(delivery["id"]).json["data"] == {**delivery, "attempts": attempts}


def test_pages_and_filters_show_each_once_and_the_newest_submission_first(
    olga: Owner, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BATCH_SIZE", 2)
    monkeypatch.setattr(queries, "MAX_SUBMISSIONS", 4)
    submissions = [str(olga.submit(URL, f"{URL}broken", f"{URL}more")) for _ in range(3)]
    for _ in range(7):  # without any delivery
        submit(olga.app, olga.form)
    submissions.append(str(olga.submit(URL, f"{URL}broken", f"{URL}more")))
    endpoints.faults[f"{URL}broken"] = fail("gone", permanent=True, status=410)
    olga.deliver()
    seen, query = [], "?limit=2"
    while query:
        page = olga.page(query)
        seen += page["data"]
        query = page["meta"]["next"] and f"?limit=2&cursor={page['meta']['next']}"
    assert [delivery["submission_id"] for delivery in seen] == [
        identity for identity in reversed(submissions) for _ in range(3)
    ]
    assert len({delivery["id"] for delivery in seen}) == 12
    monkeypatch.setattr(queries, "MAX_SUBMISSIONS", 5000)
    assert len(olga.list("?state=failed")) == 4
    assert len(olga.list("?state=sent&channel=webhook")) == 8
    assert olga.list("?channel=mail") == []


def test_a_stranger_sees_nothing_and_retries_nothing(olga: Owner, endpoints: Endpoints, key_of: KeyOf) -> None:
    olga.submit()
    olga.deliver()
    (delivery,) = olga.list()
    stranger = Owner(olga.app, olga.form, key_of(olga.app, "stranger@example.com"))
    client, headers = olga.app.test_client(), key_of(olga.app, "stranger2@example.com")
    assert stranger.get(delivery["id"]).status_code == 404
    assert stranger.retry(delivery["id"]).status_code == 404
    assert client.get(f"/api/forms/{olga.form}/deliveries", headers=headers).status_code == 404
    assert olga.retry(str(new_id())).status_code == 404


def test_a_retry_sends_again_under_the_same_id_what_the_submission_holds_now(
    olga: Owner, clock: Callable[..., None]
) -> None:
    texts = iter(["before", "after"])
    endpoints = register(olga.app, source=lambda _: {"text": next(texts)})
    olga.submit()
    endpoints.faults[URL] = fail("gone", permanent=True, status=410)
    olga.deliver()
    (delivery,) = olga.list("?state=failed")
    endpoints.faults.clear()
    assert olga.retry(delivery["id"]).status_code == 202
    (waiting,) = olga.list("?state=waiting")
    assert waiting["id"] == delivery["id"]
    olga.deliver()
    assert [str(identity) for _, identity in endpoints.messages] == [delivery["id"]]
    assert [attempt["outcome"] for attempt in olga.list()[0]["attempts"]] == ["failed", "sent"]
    assert next(texts, None) is None, "it was read again"


def test_what_is_in_flight_or_no_longer_stored_is_not_retried(olga: Owner, endpoints: Endpoints) -> None:
    olga.submit()
    with olga.app.app_context():
        assert lease_next()
    (delivery,) = olga.list()
    busy = olga.retry(delivery["id"])
    assert (busy.status_code, "being sent" in busy.json["message"]) == (409, True)
    submission = uuid.UUID(submit(olga.app, olga.form))
    with olga.app.app_context(), write_session():
        message = Message(channel="webhook", kind="unknown", about=submission, target=URL, target_index=b"x" * 32)
        message.state, message.payload = "failed", None
        db.session.add(message)
        db.session.commit()
        identity = str(message.id)
    gone = olga.retry(identity)
    assert (gone.status_code, "content was deleted" in gone.json["message"]) == (409, True)


def test_what_failed_since_a_moment_is_due_again(olga: Owner, endpoints: Endpoints, clock: Callable[..., None]) -> None:
    hook, other = new_id(), new_id()
    endpoints.faults[URL] = fail("gone", permanent=True, status=410)
    olga.submit(URL, target_id=hook)
    olga.deliver()
    clock(hours=2)
    since = leases.now()
    olga.submit(URL, target_id=hook)
    olga.submit(URL, target_id=other)
    olga.deliver()
    with olga.app.app_context(), write_session():
        assert outbox.retry_failed(target_of(URL, hook), since, 10) == 1
        db.session.commit()
    assert [delivery["webhook_id"] for delivery in olga.list("?state=waiting")] == [str(hook)]
    assert len(olga.list("?state=failed")) == 2


def test_one_that_a_digest_holds_back_waits_with_it_and_shows_its_attempts(olga: Owner) -> None:
    submission = uuid.UUID(submit(olga.app, olga.form))
    with olga.app.app_context(), write_session():
        values: dict[str, Any] = {"channel": "mail", "target": "ann@example.com", "target_index": b"x" * 32}
        digest = Message(kind="digest", priority=1, **values)
        db.session.add(digest)
        db.session.flush()
        later = leases.now().replace(year=2199)
        held = Message(kind="submission", about=submission, digest_id=digest.id, next_attempt_at=later, **values)
        attempt = Attempt(message_id=digest.id, channel="mail", outcome="again", answer="451 later", status=451)
        db.session.add_all([held, attempt])
        db.session.commit()
    (delivery,) = olga.list()
    assert delivery["state"] == "waiting"
    assert not delivery["next_attempt_at"].startswith("2199")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [451]


def test_attempts_are_kept_for_thirty_days(olga: Owner, endpoints: Endpoints, clock: Callable[..., None]) -> None:
    olga.submit()
    olga.deliver()
    clock(days=29)
    with olga.app.app_context():
        outbox.sweep()
    assert len(olga.list()[0]["attempts"]) == 1
    clock(days=2)
    with olga.app.app_context():
        outbox.sweep()
    assert olga.list() == []


def test_attempts_go_with_the_submission(olga: Owner, endpoints: Endpoints) -> None:
    submission = olga.submit()
    olga.deliver()
    with olga.app.app_context(), write_session():
        erase([submission])
        db.session.commit()
        assert db.session.scalars(select(Attempt)).all() == []
    assert olga.list() == []
