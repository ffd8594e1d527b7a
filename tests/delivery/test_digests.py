"""A flood of notifications: account mails go first, and a digest counts those past twenty in ten minutes."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forms_service.accounts import administration
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import digests, leases, outbox, worker
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.mail_transport import MailTransport
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.forms.cache import MAX_AGE, get_published_form
from forms_service.notifications import submission_mail
from forms_service.submissions import events
from forms_service.submissions.deletion import erase
from tests.support.delivery_clock import movable_clock
from tests.support.faults import before_statements
from tests.support.outbox import lease_next, mail_row
from tests.support.stored import submit
from tests.support.visitors import OWNER, form_for


class Postman:
    """Takes what it is given; `refusal` is raised instead."""

    def __init__(self) -> None:
        self.parcels: list[OutgoingMessage] = []
        self.texts: list[str] = []
        self.refusal: DeliveryError | None = None

    def send(self, parcel: OutgoingMessage) -> Answer:
        if self.refusal:
            raise self.refusal
        self.parcels.append(parcel)
        self.texts.append(render_mail(parcel).text)
        return Answer("250 OK", 250)

    def close(self) -> None:
        pass

    def kinds(self) -> list[str]:
        return [parcel.kind for parcel in self.parcels]

    def counts(self) -> list[int]:
        """Submissions per digest."""
        return [parcel.values["count"] for parcel in self.parcels if parcel.kind == "digest"]


@pytest.fixture
def postman(monkeypatch: pytest.MonkeyPatch) -> Postman:
    postman = Postman()
    monkeypatch.setattr(MailTransport, "send", lambda _, message: postman.send(message))
    return postman


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return movable_clock(monkeypatch)


def notify(app: Flask, form: str, count: int) -> list[uuid.UUID]:
    """So many submissions of the form, each with a mail that waits."""
    ids = [uuid.UUID(submit(app, form, {"n": str(number)})) for number in range(count)]
    with app.app_context(), write_session():
        events.enqueue(events.CREATED, get_published_form(form), ids)
        db.session.commit()
    return ids


def deliver(app: Flask) -> int:
    with app.app_context():
        return worker.deliver_due()


def fail_digest(app: Flask, postman: Postman, clock: Callable[..., None], refusal: DeliveryError) -> str:
    """Have a digest of two submissions refused; return their form."""
    form = form_for(app)
    notify(app, form, 22)
    deliver(app)
    clock(minutes=1)
    postman.refusal = refusal
    deliver(app)
    return form


def states(app: Flask, *where: Any) -> dict[str, int]:
    with app.app_context():
        query = select(Message.state, func.count()).where(*where).group_by(Message.state)
        return {row[0]: row[1] for row in db.session.execute(query)}


def test_an_account_mail_overtakes_notifications(app_on_each_db: Flask, postman: Postman) -> None:
    notify(app_on_each_db, form_for(app_on_each_db), 5)
    with app_on_each_db.app_context(), write_session():
        outbox.enqueue_mail("reset", "ann@example.com", {"link": "https://x.example"}, about=new_id())
        db.session.commit()
    deliver(app_on_each_db)
    assert postman.kinds() == ["reset", *["submission"] * 5]


def test_past_twenty_a_digest_says_how_many_more(
    app_on_each_db: Flask, postman: Postman, clock: Callable[..., None]
) -> None:
    contact, other = form_for(app_on_each_db), form_for(app_on_each_db, name="Feedback")
    notify(app_on_each_db, contact, 30)
    notify(app_on_each_db, other, 3)
    deliver(app_on_each_db)
    assert postman.kinds() == ["submission"] * 20
    with app_on_each_db.app_context():
        assert outbox.backlog().waiting == 1, "the digest"
    notify(app_on_each_db, contact, 2)
    clock(minutes=1)
    deliver(app_on_each_db)
    assert postman.kinds() == ["submission"] * 20 + ["digest"]
    text = postman.texts[-1]
    assert f"Contact: 12 more\nhttp://127.0.0.1:5000/console/forms/{contact}?since=" in text
    assert f"Feedback: 3 more\nhttp://127.0.0.1:5000/console/forms/{other}?since=" in text
    assert postman.parcels[-1].values["count"] == 15
    assert postman.parcels[-1].target == OWNER
    assert states(app_on_each_db) == {"sent": 36}


def test_a_flood_is_held_back_and_settled_a_few_at_a_time(
    app_on_each_db: Flask, postman: Postman, clock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "BATCH_SIZE", 4, raising=False)
    notify(app_on_each_db, form_for(app_on_each_db), 35)
    held: list[int] = []
    is_held, waits = Message.digest_id.is_not(None), Message.state == "waiting"
    with before_statements(
        app_on_each_db, "UPDATE outbox", lambda: held.append(states(app_on_each_db, is_held, waits).get("waiting", 0))
    ):
        deliver(app_on_each_db)
        assert max(after - before for before, after in pairwise(held)) <= 4 * worker.MAIL_CONNECTIONS
        clock(minutes=1)
        deliver(app_on_each_db)
    assert max(before - after for before, after in pairwise(held)) == 4
    assert postman.counts() == [15]
    assert states(app_on_each_db) == {"sent": 36}


def test_a_worker_killed_while_it_settles_a_digest_settles_the_rest(
    app_on_each_db: Flask, postman: Postman, clock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "BATCH_SIZE", 4, raising=False)
    notify(app_on_each_db, form_for(app_on_each_db), 35)
    deliver(app_on_each_db)
    clock(minutes=1)
    steps = iter([1, 1, 0])
    killed = before_statements(app_on_each_db, "UPDATE outbox SET state", lambda: 1 / next(steps))
    with killed, pytest.raises(ZeroDivisionError):
        deliver(app_on_each_db)
    assert states(app_on_each_db, Message.kind != "digest") == {"sent": 28, "waiting": 7}
    clock(minutes=2)
    deliver(app_on_each_db)
    assert states(app_on_each_db) == {"sent": 36}


def test_the_next_digest_comes_ten_minutes_later_and_then_mails_by_themselves(
    app: Flask, postman: Postman, clock: Callable[..., None]
) -> None:
    form = form_for(app)
    notify(app, form, 22)
    deliver(app)
    clock(minutes=1)
    deliver(app)
    notify(app, form, 5)
    clock(minutes=2)
    assert deliver(app) == 0
    clock(minutes=8, seconds=1)
    deliver(app)
    assert postman.counts() == [2, 5]
    notify(app, form, 1)
    deliver(app)
    assert postman.kinds()[-1] == "submission"


def test_another_recipient_is_sent_their_own(app: Flask, postman: Postman) -> None:
    form = form_for(app)
    notify(app, form, 21)
    (extra,) = (uuid.UUID(submit(app, form)),)
    with app.app_context():
        row = mail_row(submission_mail.KIND, "colleague@example.com", about=extra)
        with write_session():
            outbox.insert_rows(db.session.connection(), [row])
            db.session.commit()
    deliver(app)
    assert [parcel.target for parcel in postman.parcels].count("colleague@example.com") == 1
    assert len(postman.parcels) == 21


def test_several_workers_send_no_more_together(
    app_on_each_db: Flask, postman: Postman, clock: Callable[..., None]
) -> None:
    notify(app_on_each_db, form_for(app_on_each_db), 60)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver(app_on_each_db), range(4)))
    assert postman.kinds() == ["submission"] * 20
    clock(minutes=2)
    deliver(app_on_each_db)
    assert sum(parcel.values["count"] for parcel in postman.parcels[20:]) == 40
    assert set(states(app_on_each_db)) == {"sent"}


def test_a_digest_whose_worker_was_killed_goes_again_with_all_it_held(
    app_on_each_db: Flask, postman: Postman, clock: Callable[..., None]
) -> None:
    form = form_for(app_on_each_db)
    notify(app_on_each_db, form, 25)
    deliver(app_on_each_db)
    clock(minutes=1)
    with app_on_each_db.app_context():
        lease = lease_next()
        assert lease is not None
        assert leases.load_message(lease) is not None
    notify(app_on_each_db, form, 4)  # what the one in hand does not know of
    deliver(app_on_each_db)
    clock(minutes=2)
    deliver(app_on_each_db)
    clock(minutes=11)
    deliver(app_on_each_db)
    assert postman.counts() == [5, 4]
    assert set(states(app_on_each_db)) == {"sent"}


def test_a_digest_is_retried_and_takes_in_what_comes_meanwhile(
    app: Flask, postman: Postman, clock: Callable[..., None]
) -> None:
    form = fail_digest(app, postman, clock, DeliveryError("451 later"))
    postman.refusal = None
    notify(app, form, 1)
    deliver(app)
    clock(minutes=1)
    deliver(app)
    assert postman.counts() == [3]


def test_what_a_refused_digest_held_back_is_failed_too(
    app: Flask, postman: Postman, clock: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    fail_digest(app, postman, clock, DeliveryError("550 never", permanent=True))
    assert states(app) == {"sent": 20, "failed": 3}
    assert "mail_failed" in caplog.text


def test_what_was_erased_is_not_counted(app: Flask, postman: Postman, clock: Callable[..., None]) -> None:
    ids = notify(app, form_for(app), 23)
    deliver(app)
    with app.app_context(), write_session():
        erase([ids[-1]])
        db.session.commit()
    clock(minutes=1)
    deliver(app)
    assert postman.parcels[-1].values["count"] == 2


def test_a_digest_goes_with_the_last_that_it_held(app: Flask, postman: Postman) -> None:
    ids = notify(app, form_for(app), 22)
    deliver(app)
    assert states(app, Message.kind == "digest") == {"waiting": 1}
    with app.app_context(), write_session():
        erase(ids)
        db.session.commit()
    assert states(app) == {}


def test_a_disabled_owner_gets_no_digest(app: Flask, postman: Postman, clock: Callable[..., None]) -> None:
    notify(app, form_for(app), 22)
    deliver(app)
    with app.app_context():
        administration.disable(OWNER)
    time.sleep(MAX_AGE)
    clock(minutes=1)
    deliver(app)
    assert postman.kinds() == ["submission"] * 20
