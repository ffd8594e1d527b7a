"""What the answer of an endpoint means for the next attempt."""

import time
import uuid
from email.utils import formatdate

import pytest

from forms_service.database.types import new_id, now
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.extensions import db
from forms_service.webhooks.retry_after import MAX_RETRY_AFTER, parse_retry_after
from forms_service.webhooks.stored_events import find_form, make_sample
from forms_service.webhooks.transport import HttpTransport
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks


def send(hooks: Hooks, webhook: dict[str, str]) -> Answer:
    """One attempt; nothing is left open in the database."""
    with hooks.app.app_context():
        event = make_sample("submission.created", find_form(hooks.form))
        db.session.rollback()
        message = OutgoingMessage(
            id=new_id(),
            kind=event.type,
            created_at=now(),
            target="127.0.0.1",
            values={"webhook_id": webhook["id"], "event": event},
        )
        try:
            return HttpTransport().send(message)
        finally:
            assert not db.session().in_transaction()


def refusal(hooks: Hooks, webhook: dict[str, str], reply: Reply) -> DeliveryError:
    hooks.receiver.reply = reply
    with pytest.raises(DeliveryError) as error:
        send(hooks, webhook)
    return error.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_success(hooks: Hooks, status: int) -> None:
    hooks.receiver.reply = Reply(status, body=b"" if status == 204 else b"ok")
    assert send(hooks, hooks.make()).status == status


@pytest.mark.parametrize("status", [301, 302, 304, 307, 400, 401, 404, 408, 429, 500, 502, 503, 504])
def test_everything_else_is_tried_again(hooks: Hooks, status: int) -> None:
    error = refusal(hooks, hooks.make(), Reply(status))
    assert (error.permanent, error.reply.status) == (False, status)
    assert error.reply.slow_down == (status in (429, 502, 504))
    assert str(error).startswith(str(status))


def test_410_is_final(hooks: Hooks) -> None:
    assert refusal(hooks, hooks.make(), Reply(410)).permanent


def test_the_first_2_kib_of_an_answer_are_kept(hooks: Hooks) -> None:
    error = refusal(hooks, hooks.make(), Reply(500, body=b"x" * 10_000))
    assert str(error) == "500 " + "x" * 2048


def test_an_endpoint_that_is_away_says_so(hooks: Hooks) -> None:
    made = hooks.make(url="http://127.0.0.1:1/")
    with pytest.raises(DeliveryError, match=r"No answer: ConnectionRefusedError\."):
        send(hooks, made)


def test_a_deleted_webhook_is_final(hooks: Hooks) -> None:
    with pytest.raises(DeliveryError) as error:
        send(hooks, {"id": str(uuid.uuid4())})
    assert error.value.permanent


def test_retry_after_is_read(hooks: Hooks) -> None:
    error = refusal(hooks, hooks.make(), Reply(429, {"Retry-After": "120"}))
    assert error.reply.retry_after == 120


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 60 ", 60),
        ("86401", MAX_RETRY_AFTER),
        ("9999999999", MAX_RETRY_AFTER),
        ("Fri, 31 Dec 2100 23:59:59 GMT", MAX_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 1000, None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(text: str, seconds: float | None) -> None:
    assert parse_retry_after(text) == seconds


def test_a_date_is_taken_from_now() -> None:
    seconds = parse_retry_after(formatdate(time.time() + 600, usegmt=True))
    assert seconds is not None
    assert 590 < seconds <= 600
