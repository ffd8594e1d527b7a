"""A submission reaches the owner's program, signed, as it is now."""

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError
from standardwebhooks import WebhookVerificationError

from forms_service import __version__
from forms_service.database.transactions import write_session
from forms_service.delivery.models import Message
from forms_service.extensions import db
from tests.support.delivery_clock import movable_clock
from tests.support.faults import before_statements
from tests.support.receiver import Reply
from tests.support.stored import make_form
from tests.support.webhooks import ANN, Hooks


def test_a_submission_is_posted_once_and_signed(hooks: Hooks) -> None:
    secret = hooks.make()["secret"]
    submission_id = hooks.fill()
    hooks.deliver()
    hooks.deliver()
    (request,) = hooks.receiver.received
    event = hooks.verify(secret)
    assert event["type"] == "submission.created"
    assert (event["data"]["id"], event["data"]["data"]) == (submission_id, ANN)
    assert request.headers["user-agent"] == f"forms_service/{__version__}"
    assert request.headers["content-type"] == "application/json"
    assert hooks.rows() == [("submission.created", "sent")]


def test_another_secret_does_not_verify(hooks: Hooks) -> None:
    hooks.make()
    other = hooks.make(events=["submission.deleted"])
    hooks.fill()
    hooks.deliver()
    with pytest.raises(WebhookVerificationError):
        hooks.verify(other["secret"])


def test_every_attempt_has_one_id_and_its_own_time(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = movable_clock(monkeypatch)
    secret = hooks.make()["secret"]
    hooks.receiver.reply = Reply(500)
    hooks.fill()
    hooks.deliver()
    hooks.receiver.reply = Reply(200)
    clock(minutes=1)
    hooks.deliver()
    first, second = hooks.receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    with hooks.app.app_context():
        (identity,) = db.session.scalars(db.select(Message.id).where(Message.channel == "webhook"))
    assert first.headers["webhook-id"] == f"msg_{identity.hex}"
    assert first.body == second.body
    hooks.verify(secret, 0)
    hooks.verify(secret, 1)


def test_conditions_choose_the_submissions(hooks: Hooks) -> None:
    hooks.make(when=[{"field": "topic", "is": "sales"}])
    hooks.fill(topic="Support")
    sales = hooks.fill(topic="Sales")
    hooks.deliver()
    assert [body["data"]["id"] for body in hooks.bodies] == [sales]


def test_a_webhook_of_the_account_hears_of_every_form_also_of_later_ones(hooks: Hooks) -> None:
    assert hooks.make("/api/webhooks")["form_id"] is None
    later = make_form(hooks.app)
    hooks.fill()
    hooks.fill(later, name="Ben")
    hooks.deliver()
    assert [body["data"]["form_id"] for body in hooks.bodies] == [hooks.form, later]


def test_the_submission_is_sent_as_it_is_now(hooks: Hooks) -> None:
    hooks.make()
    submission_id = hooks.fill()
    assert hooks.call("PATCH", f"/api/submissions/{submission_id}", status="archived").status_code == 200
    hooks.deliver()
    assert hooks.bodies[0]["data"]["status"] == "archived"


def test_own_headers_are_sent_and_never_shown(hooks: Hooks) -> None:
    made = hooks.make(headers={"X-Api-Key": "s3cret", "X-Other": "1"})
    path = f"/api/webhooks/{made['id']}"
    changed = hooks.call("PATCH", path, headers={"x-other": None, "X-New": "2"})
    assert changed.json["data"]["headers"] == ["X-Api-Key", "X-New"]
    assert "s3cret" not in hooks.call("GET", path).text
    hooks.fill()
    hooks.deliver()
    sent = hooks.receiver.received[0].headers
    assert (sent["x-api-key"], sent["x-new"], sent.get("x-other")) == ("s3cret", "2", None)


def test_what_waits_goes_with_its_submission(hooks: Hooks) -> None:
    hooks.make()
    hooks.call("DELETE", f"/api/submissions/{hooks.fill()}")
    assert hooks.rows() == []
    hooks.deliver()
    assert hooks.receiver.received == []


def test_the_rows_are_in_the_submissions_own_commit(hooks: Hooks) -> None:
    hooks.make()
    hooks.make()
    hooks.fill()
    assert hooks.rows() == [("submission.created", "waiting")] * 2


def test_a_submission_that_is_gone_is_not_sent(hooks: Hooks) -> None:
    hooks.make()
    hooks.fill()
    with hooks.app.app_context(), write_session():
        # as a crash between two steps of an erasure would leave it
        db.session.execute(delete(db.metadata.tables["submissions"]))
        db.session.commit()
    hooks.deliver()
    assert hooks.receiver.received == []
    assert hooks.rows() == [("submission.created", "failed")]


def test_what_was_delivered_is_not_sent_again_because_the_end_of_a_failure_could_not_be_recorded(hooks: Hooks) -> None:
    def lose_connection() -> None:
        raise OperationalError("UPDATE webhooks", None, Exception("The connection is gone."))

    hooks.make()
    hooks.receiver.reply = Reply(500)
    hooks.fill()
    hooks.deliver()
    hooks.receiver.reply = Reply(204)
    with hooks.app.app_context(), write_session():
        db.session.execute(update(Message).values(next_attempt_at=Message.created_at))
        db.session.commit()
    with before_statements(hooks.app, "UPDATE webhooks", lose_connection):
        hooks.deliver()
    assert hooks.rows() == [("submission.created", "sent")]
    assert len(hooks.receiver.received) == 2
