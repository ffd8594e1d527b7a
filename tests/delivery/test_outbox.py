"""The outbox: committed with its cause, encrypted, limited per recipient, deleted in time."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.exc import IntegrityError

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import outbox, payloads, worker
from forms_service.delivery.models import Attempt, Message
from forms_service.encryption.wrapped_keys import WrappedKey
from forms_service.extensions import db
from tests.support.faults import before_statements
from tests.support.outbox import ANN, RecordingTransport, attempts, enqueue, lease_next, mail_row, refuse, states


@pytest.mark.usefixtures("each_db_context")
class TestQueueing:
    """Putting in and taking out."""

    def test_a_message_leaves_after_the_commit_and_only_then(self, transport: RecordingTransport) -> None:
        with write_session():
            outbox.enqueue_mail("test", ANN, {}, about=new_id())
        assert worker.deliver_due() == 0, "it was rolled back"
        enqueue()
        assert (worker.deliver_due(), states(), attempts()) == (1, ["sent"], [("sent", "250 OK")])
        assert worker.deliver_due() == 0
        assert [(message.kind, message.target, message.values) for message in transport.messages] == [
            ("test", ANN, {"token": "s3cret-token"})
        ]

    def test_what_it_says_is_dropped_when_it_was_sent_or_given_up(self, transport: RecordingTransport) -> None:
        enqueue()
        transport.answer = refuse("550 No such mailbox", permanent=True)
        worker.deliver_due()
        assert states() == ["failed"]
        enqueue()
        transport.answer = lambda _: "250 OK"
        worker.deliver_due()
        assert db.session.scalar(select(func.count(Message.payload))) == 0

    def test_nothing_is_readable_in_the_database(self, transport: RecordingTransport) -> None:
        enqueue()
        transport.answer = refuse("450 <ann@example.com> come back later")
        worker.deliver_due()
        raw = [
            value
            for column in (Message.target, Message.payload, Message.target_index, Attempt.answer)
            for value in db.session.scalars(select(type_coerce(column, LargeBinary)))
        ]
        assert len(raw) == 4
        assert not [value for value in raw if b"ann@" in bytes(value) or b"s3cret" in bytes(value)]

    def test_what_has_nothing_to_say_any_more_is_given_up(
        self, each_db_context: Flask, transport: RecordingTransport
    ) -> None:
        outbox_rows = [mail_row("test", ANN, about=new_id()) for _ in range(2)]
        outbox.insert_rows(db.session.connection(), outbox_rows)
        db.session.commit()
        values = iter([{"token": "read when it is sent"}, None])
        payloads.register(each_db_context, "test", lambda _: next(values))
        worker.deliver_due()
        assert [message.values for message in transport.messages] == [{"token": "read when it is sent"}]
        assert attempts() == [("sent", "250 OK"), ("failed", "Its subject has been deleted.")]

    def test_what_it_was_about_takes_it_along(self, transport: RecordingTransport) -> None:
        account = new_id()
        enqueue(about=account)
        enqueue()
        transport.answer = lambda message: erase(account)
        worker.deliver_due()
        assert states() == ["sent"], "the other one; the erased one left no attempt either"
        assert attempts() == [("sent", "erased")]

    def test_what_the_caller_has_added_is_refused_at_its_commit_and_not_before(self) -> None:
        with write_session():
            db.session.add(WrappedKey(purpose="data", number=1, wrapped=b"", wrapped_with="taken"))
            outbox.enqueue_mail("test", ANN, {}, about=new_id(), max_per_hour=3)
            with pytest.raises(IntegrityError):
                db.session.commit()
        assert states() == []

    def test_at_most_so_many_of_a_kind_in_an_hour(self, clock: Callable[..., None]) -> None:
        assert [bool(enqueue(max_per_hour=3)) for _ in range(4)] == [True, True, True, False]
        assert enqueue(to="ANN@example.com", max_per_hour=3) is None, "another spelling of the same address"
        assert enqueue(to="bob@example.com", max_per_hour=3)
        assert enqueue(kind="other", max_per_hour=3)
        clock(minutes=61)
        assert enqueue(max_per_hour=3)

    def test_not_one_more_when_many_ask_at_once(self, each_db_context: Flask) -> None:
        def ask(_: int) -> bool:
            with each_db_context.app_context():
                return enqueue(max_per_hour=3) is not None

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(ask, range(24))) == 3
        assert len(states()) == 3

    def test_what_was_sent_is_swept_after_a_week_and_what_waits_is_not(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        enqueue()
        worker.deliver_due()
        enqueue()
        clock(days=6)
        outbox.sweep()
        assert states() == ["sent", "waiting"]
        clock(days=2)
        outbox.sweep()
        assert (states(), attempts()) == (["waiting"], [])

    def test_is_swept_a_few_at_a_time(
        self,
        each_db_context: Flask,
        transport: RecordingTransport,
        clock: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for _ in range(3):
            enqueue()
        worker.deliver_due()
        clock(days=8)
        monkeypatch.setattr(outbox, "SWEEP_BATCH", 2, raising=False)
        deletions: list[int] = []
        with before_statements(each_db_context, "DELETE FROM outbox", lambda: deletions.append(len(states()))):
            outbox.sweep()
        assert (states(), deletions[-2:]) == ([], [3, 1])

    def test_the_backlog_is_what_waits_and_how_long(
        self, transport: RecordingTransport, clock: Callable[..., None]
    ) -> None:
        assert outbox.backlog() == outbox.Backlog(0, 0)
        enqueue()
        enqueue()
        clock(minutes=3)
        backlog = outbox.backlog()
        assert backlog.waiting == 2
        assert 180 <= backlog.oldest_seconds < 190
        lease_next()
        lease_next()
        assert outbox.backlog() == outbox.Backlog(2, 0), "what is in hand is not overdue"


def erase(account: uuid.UUID) -> str:
    with write_session():
        outbox.delete_about([account])
        db.session.commit()
    return "erased"
