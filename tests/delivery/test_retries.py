"""Attempts: one worker at a time, retries with backoff, leases of killed workers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from forms_service.database import transactions
from forms_service.delivery import attempts, leases, schedules, smtp, worker
from forms_service.delivery.message import OutgoingMessage, Result
from forms_service.delivery.models import Message
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from tests.support.outbox import RecordingTransport, enqueue, lease_next, refuse, states
from tests.support.outbox import attempts as recorded_attempts


@pytest.mark.usefixtures("each_db_context")
class TestTrying:
    """Leases of messages, and retries after a failure."""

    def test_many_workers_send_each_message_once(self, each_db_context: Flask, transport: RecordingTransport) -> None:
        identities = [enqueue() for _ in range(40)]

        def work(_: int) -> int:
            with each_db_context.app_context():
                return worker.deliver_due()

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(work, range(4))) == 40
        assert sorted(message.id for message in transport.messages) == sorted(filter(None, identities))
        assert set(states()) == {"sent"}

    def test_it_is_tried_again_after_5_and_30_seconds_and_then_ever_later(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        enqueue()
        transport.answer = refuse("451 greylisted")
        waits = []
        while states() == ["waiting"]:
            assert worker.deliver_due() == 1
            assert worker.deliver_due() == 0, "not before its time"
            wait = outbox_wait()
            waits.append(wait)
            clock(seconds=wait + 0.01)
        # a wait is read a moment after it began
        assert 3 <= waits[0] <= 6
        assert 23 <= waits[1] <= 36
        assert 71 <= waits[2] <= 108
        assert max(waits) <= schedules.MAX_DELAY * 1.2
        assert 3.4 * 86400 < sum(waits) < 4.4 * 86400
        assert states() == ["failed"]
        assert [outcome for outcome, _ in recorded_attempts()] == ["again"] * (len(waits) - 1) + ["failed"]

    def test_the_waits_differ_so_that_not_all_come_back_at_once(self, transport: RecordingTransport) -> None:
        for _ in range(5):
            enqueue()
        transport.answer = refuse("421 busy")
        worker.deliver_due()
        assert len(set(db.session.scalars(select(Message.next_attempt_at)))) == 5

    def test_what_is_permanent_is_not_tried_again(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        enqueue()
        transport.answer = refuse("550 no", permanent=True)
        worker.deliver_due()
        clock(days=1)
        assert (worker.deliver_due(), states(), recorded_attempts()) == (0, ["failed"], [("failed", "550 no")])

    def test_what_a_killed_worker_had_in_hand_goes_again(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        enqueue()
        lease = lease_next()
        assert lease
        assert lease_next() is None
        clock(seconds=59)
        assert worker.deliver_due() == 0
        clock(seconds=2)
        assert worker.deliver_due() == 1
        assert [message.id for message in transport.messages] == [lease.id]
        assert recorded_attempts() == [("lost", leases.LOST_ANSWER), ("sent", "250 OK")]

    def test_who_comes_back_too_late_does_not_undo_what_another_did(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        enqueue()
        late = lease_next()
        clock(seconds=61)
        held = lease_next()
        assert late
        assert held
        leases.record_attempt(late, Result("failed", "too late"))
        assert states() == ["waiting"]
        leases.record_attempt(held, Result("sent", "250 OK"))
        leases.record_attempt(late, Result("sent", "250 it went as well"))
        assert states() == ["sent"]

    def test_one_that_cannot_be_made_keeps_no_other(
        self, transport: RecordingTransport, caplog: pytest.LogCaptureFixture
    ) -> None:
        first = enqueue()
        enqueue()

        def answer(message: OutgoingMessage) -> str:
            if message.id == first:
                raise KeyError("name")
            return "250 OK"

        transport.answer = answer
        assert worker.deliver_due() == 2
        assert states() == ["waiting", "sent"]
        assert recorded_attempts() == [("again", "KeyError"), ("sent", "250 OK")]
        assert "Could not build a message" in caplog.text

    def test_what_was_sent_is_written_down_once_the_database_is_back(
        self, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enqueue()
        record, failures = (
            leases.record_attempt,
            [OperationalError("UPDATE", {}, Exception("gone")), ServiceUnavailableError()],
        )

        def fails_at_first(*args: Any, **kwargs: Any) -> None:
            if failures:
                raise failures.pop()
            record(*args, **kwargs)

        monkeypatch.setattr(leases, "record_attempt", fails_at_first)
        monkeypatch.setattr(attempts, "RECORD_RETRY_DELAY", 0.01)
        assert (worker.deliver_due(), states(), len(transport.messages)) == (1, ["sent"], 1)

    def test_a_pass_ends_after_the_one_in_hand_when_it_is_told_to(self, transport: RecordingTransport) -> None:
        enqueue()
        enqueue()
        answers = iter([False, True])
        assert worker.deliver_due(lambda: next(answers)) == 1
        assert states() == ["sent", "waiting"]


def outbox_wait() -> float:
    """Seconds until the only message is due."""
    due = db.session.scalar(select(Message.next_attempt_at))
    assert due
    return (due - leases.now()).total_seconds()


def test_the_lease_outlasts_every_send() -> None:
    assert smtp.SEND_TIMEOUT + smtp.CLOSE_TIMEOUT < leases.LEASE_SECONDS
    assert transactions.LOCK_TIMEOUT < leases.LEASE_SECONDS - smtp.SEND_TIMEOUT
