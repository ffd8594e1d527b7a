"""What is put into the outbox: kept with what caused it, sent by one worker at a time, tried again, and forgotten."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.exc import IntegrityError, OperationalError

from forms_service.database import transactions
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import leases, outbox, payloads, smtp, worker
from forms_service.delivery.message import DeliveryError, OutgoingMessage
from forms_service.delivery.models import Attempt, Message
from forms_service.encryption.wrapped_keys import WrappedKey
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from tests.support.delivery_clock import movable_clock

ANN = "ann@example.com"


class Postman:
    """Takes what he is given; `answer` may refuse it."""

    taken: list[OutgoingMessage]
    answer: Callable[[OutgoingMessage], str]

    def __init__(self) -> None:
        self.taken = []
        self.answer = lambda _: "250 OK"

    def send(self, parcel: OutgoingMessage) -> str:
        assert not db.session().in_transaction(), "nothing is open in the database meanwhile"
        self.taken.append(parcel)
        return self.answer(parcel)

    def close(self) -> None:
        pass


@pytest.fixture
def postman(monkeypatch: pytest.MonkeyPatch) -> Postman:
    postman = Postman()
    monkeypatch.setattr(worker, "TRANSPORTS", {"mail": lambda: postman})
    return postman


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return movable_clock(monkeypatch)


def put(kind: str = "test", to: str = ANN, about: uuid.UUID | None = None, **more: Any) -> uuid.UUID | None:
    with write_session():
        identity = outbox.enqueue_mail(kind, to, {"token": "s3cret-token"}, about=about or new_id(), **more)
        db.session.commit()
    return identity


def states() -> list[str]:
    return list(db.session.scalars(select(Message.state).order_by(Message.id)))


def attempts() -> list[tuple[str, str]]:
    query = select(Attempt.outcome, Attempt.answer).order_by(Attempt.id)
    return [(outcome, answer) for outcome, answer in db.session.execute(query)]


@pytest.fixture
def each_db_context(app_on_each_db: Flask) -> Any:
    with app_on_each_db.app_context():
        yield app_on_each_db


@pytest.mark.usefixtures("each_db_context")
class TestQueueing:
    """Putting in and taking out."""

    def test_a_message_leaves_after_the_commit_and_only_then(self, postman: Postman) -> None:
        with write_session():
            outbox.enqueue_mail("test", ANN, {}, about=new_id())
        assert worker.deliver_due() == 0, "it was rolled back"
        put()
        assert (worker.deliver_due(), states(), attempts()) == (1, ["sent"], [("sent", "250 OK")])
        assert worker.deliver_due() == 0
        assert [(parcel.kind, parcel.target, parcel.values) for parcel in postman.taken] == [
            ("test", ANN, {"token": "s3cret-token"})
        ]

    def test_what_it_says_is_dropped_when_it_was_sent_or_given_up(self, postman: Postman) -> None:
        put()
        postman.answer = refuse("550 No such mailbox", permanent=True)
        worker.deliver_due()
        assert states() == ["failed"]
        put()
        postman.answer = lambda _: "250 OK"
        worker.deliver_due()
        assert db.session.scalar(select(func.count(Message.payload))) == 0

    def test_nothing_is_readable_in_the_database(self, postman: Postman) -> None:
        put()
        postman.answer = refuse("450 <ann@example.com> come back later")
        worker.deliver_due()
        raw = [
            value
            for column in (Message.target, Message.payload, Message.target_index, Attempt.answer)
            for value in db.session.scalars(select(type_coerce(column, LargeBinary)))
        ]
        assert len(raw) == 4
        assert not [value for value in raw if b"ann@" in bytes(value) or b"s3cret" in bytes(value)]

    def test_what_has_nothing_to_say_any_more_is_given_up(self, each_db_context: Flask, postman: Postman) -> None:
        outbox_rows = [outbox.mail_row("test", ANN, about=new_id()) for _ in range(2)]
        outbox.insert_rows(db.session.connection(), outbox_rows)
        db.session.commit()
        said = iter([{"token": "read when it is sent"}, None])
        payloads.register(each_db_context, "test", lambda _: next(said))
        worker.deliver_due()
        assert [parcel.values for parcel in postman.taken] == [{"token": "read when it is sent"}]
        assert attempts() == [("sent", "250 OK"), ("failed", "Its subject has been deleted.")]

    def test_what_it_was_about_takes_it_along(self, postman: Postman) -> None:
        account = new_id()
        put(about=account)
        put()
        postman.answer = lambda parcel: erase(account)
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
        assert [bool(put(max_per_hour=3)) for _ in range(4)] == [True, True, True, False]
        assert put(to="ANN@example.com", max_per_hour=3) is None, "another spelling of the same address"
        assert put(to="bob@example.com", max_per_hour=3)
        assert put(kind="other", max_per_hour=3)
        clock(minutes=61)
        assert put(max_per_hour=3)

    def test_not_one_more_when_many_ask_at_once(self, each_db_context: Flask) -> None:
        def ask(_: int) -> bool:
            with each_db_context.app_context():
                return put(max_per_hour=3) is not None

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(ask, range(24))) == 3
        assert len(states()) == 3

    def test_what_was_sent_is_swept_after_a_week_and_what_waits_is_not(
        self, postman: Postman, clock: Callable[..., None]
    ) -> None:
        put()
        worker.deliver_due()
        put()
        clock(days=6)
        outbox.sweep()
        assert states() == ["sent", "waiting"]
        clock(days=2)
        outbox.sweep()
        assert (states(), attempts()) == (["waiting"], [])

    def test_the_backlog_is_what_waits_and_how_long(self, postman: Postman, clock: Callable[..., None]) -> None:
        assert outbox.backlog() == outbox.Backlog(0, 0)
        put()
        put()
        clock(minutes=3)
        found = outbox.backlog()
        assert found.waiting == 2
        assert 180 <= found.oldest_seconds < 190
        leases.acquire("mail")
        leases.acquire("mail")
        assert outbox.backlog() == outbox.Backlog(2, 0), "what is in hand is not overdue"


def refuse(answer: str, *, permanent: bool = False) -> Callable[[OutgoingMessage], str]:
    def answered(_: OutgoingMessage) -> str:
        raise DeliveryError(answer, permanent)

    return answered


def erase(account: uuid.UUID) -> str:
    with write_session():
        outbox.delete_about([account])
        db.session.commit()
    return "erased"


@pytest.mark.usefixtures("each_db_context")
class TestTrying:
    """Who has a message in hand, and what happens when it does not go."""

    def test_many_workers_send_each_message_once(self, each_db_context: Flask, postman: Postman) -> None:
        identities = [put() for _ in range(40)]

        def work(_: int) -> int:
            with each_db_context.app_context():
                return worker.deliver_due()

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(work, range(4))) == 40
        assert sorted(parcel.id for parcel in postman.taken) == sorted(filter(None, identities))
        assert set(states()) == {"sent"}

    def test_it_is_tried_again_after_5_and_30_seconds_and_then_ever_later(
        self, postman: Postman, clock: Callable[..., None]
    ) -> None:
        put()
        postman.answer = refuse("451 greylisted")
        waits = []
        while states() == ["waiting"]:
            assert worker.deliver_due() == 1
            assert worker.deliver_due() == 0, "not before its time"
            wait = outbox_wait()
            waits.append(wait)
            clock(seconds=wait + 0.01)
        assert 4 <= waits[0] <= 6
        assert 24 <= waits[1] <= 36
        assert 72 <= waits[2] <= 108
        assert max(waits) <= leases.MAX_DELAY * 1.2
        assert 3.5 * 86400 < sum(waits[:-1]) < 4 * 86400
        assert states() == ["failed"]
        assert [outcome for outcome, _ in attempts()] == ["again"] * (len(waits) - 1) + ["failed"]

    def test_the_waits_differ_so_that_not_all_come_back_at_once(self, postman: Postman) -> None:
        for _ in range(5):
            put()
        postman.answer = refuse("421 busy")
        worker.deliver_due()
        assert len(set(db.session.scalars(select(Message.next_attempt_at)))) == 5

    def test_what_is_permanent_is_not_tried_again(self, postman: Postman, clock: Callable[..., None]) -> None:
        put()
        postman.answer = refuse("550 no", permanent=True)
        worker.deliver_due()
        clock(days=1)
        assert (worker.deliver_due(), states(), attempts()) == (0, ["failed"], [("failed", "550 no")])

    def test_what_a_killed_worker_had_in_hand_goes_again(self, postman: Postman, clock: Callable[..., None]) -> None:
        put()
        taken = leases.acquire("mail")
        assert taken
        assert leases.acquire("mail") is None
        clock(seconds=59)
        assert worker.deliver_due() == 0
        clock(seconds=2)
        assert worker.deliver_due() == 1
        assert [parcel.id for parcel in postman.taken] == [taken.id]
        assert attempts() == [("lost", leases.LOST_ANSWER), ("sent", "250 OK")]

    def test_who_comes_back_too_late_does_not_undo_what_another_did(
        self, postman: Postman, clock: Callable[..., None]
    ) -> None:
        put()
        late = leases.acquire("mail")
        clock(seconds=61)
        held = leases.acquire("mail")
        assert late
        assert held
        leases.record_attempt(late, "too late", outcome="failed")
        assert states() == ["waiting"]
        leases.record_attempt(held, "250 OK", outcome="sent")
        leases.record_attempt(late, "250 it went as well", outcome="sent")
        assert states() == ["sent"]

    def test_one_that_cannot_be_made_keeps_no_other(self, postman: Postman, caplog: pytest.LogCaptureFixture) -> None:
        first = put()
        put()

        def answer(parcel: OutgoingMessage) -> str:
            if parcel.id == first:
                raise KeyError("name")
            return "250 OK"

        postman.answer = answer
        assert worker.deliver_due() == 2
        assert states() == ["waiting", "sent"]
        assert attempts() == [("again", "KeyError"), ("sent", "250 OK")]
        assert "Could not build a message" in caplog.text

    def test_what_was_sent_is_written_down_once_the_database_is_back(
        self, postman: Postman, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put()
        record, failures = (
            leases.record_attempt,
            [OperationalError("UPDATE", {}, Exception("gone")), ServiceUnavailableError()],
        )

        def fails_at_first(*args: Any, **kwargs: Any) -> None:
            if failures:
                raise failures.pop()
            record(*args, **kwargs)

        monkeypatch.setattr(leases, "record_attempt", fails_at_first)
        monkeypatch.setattr(worker, "RECORD_RETRY_DELAY", 0.01)
        assert (worker.deliver_due(), states(), len(postman.taken)) == (1, ["sent"], 1)

    def test_a_pass_ends_after_the_one_in_hand_when_it_is_told_to(self, postman: Postman) -> None:
        put()
        put()
        assert worker.deliver_due(lambda: bool(postman.taken)) == 1
        assert states() == ["sent", "waiting"]


def outbox_wait() -> float:
    """Seconds until the only message is due."""
    due = db.session.scalar(select(Message.next_attempt_at))
    assert due
    return (due - leases.now()).total_seconds()


def test_the_lease_outlasts_every_send() -> None:
    assert smtp.SEND_TIMEOUT + smtp.CLOSE_TIMEOUT < leases.LEASE_SECONDS
    assert transactions.LOCK_TIMEOUT < leases.LEASE_SECONDS - smtp.SEND_TIMEOUT
