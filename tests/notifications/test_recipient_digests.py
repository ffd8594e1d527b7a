"""Digests of recipients: everything that came, once, at their hour."""

import uuid
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import func, select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.delivery.digests import MAX_MAILS
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.notifications.recipients import digests
from forms_service.notifications.recipients.digest_mail import KIND, MAX_LISTED
from forms_service.notifications.recipients.erasure import sweep
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.submissions.models import Submission
from forms_service.validation.references import reference_of
from tests.support.faults import before_statements
from tests.support.recipients import BOB, Recipients, links
from tests.support.stored import OWNER, make_form


@pytest.fixture
def daily(recipients: Recipients) -> Recipients:
    """The owner gets one mail a day."""
    (owner,) = recipients.all()
    recipients.change(owner["id"], frequency="daily", timezone="Europe/Vienna")
    return recipients


def run(recipients: Recipients) -> list[EmailMessage]:
    """The hour of all digests comes; the new mails."""
    make_due(recipients)
    with recipients.app.app_context():
        digests.queue_due()
    recipients.server.received.clear()
    return recipients.deliver()


def make_due(recipients: Recipients) -> None:
    with recipients.app.app_context(), write_session():
        due = update(Recipient).where(Recipient.next_digest_at.is_not(None))
        db.session.execute(due.values(next_digest_at=now()))
        db.session.commit()


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def count(recipients: Recipients, what: Any, *conditions: Any) -> int:
    with recipients.app.app_context():
        return db.session.scalar(select(func.count()).select_from(what).where(*conditions)) or 0


def newest_reference(recipients: Recipients) -> str:
    with recipients.app.app_context():
        return reference_of(
            db.session.scalars(select(Submission.id).order_by(Submission.id.desc())).first() or uuid.uuid4()
        )


def test_lists_everything_since_the_last_one(daily: Recipients) -> None:
    daily.submit(email="ann@example.com", message="Hello there\nmore")
    first = newest_reference(daily)
    daily.submit(email="bob@example.com", message="Hi")
    assert daily.deliver() == []
    (mail,) = run(daily)
    assert mail["To"] == OWNER
    assert mail["Subject"].startswith("Contact: 2 new submissions (")
    text = text_of(mail)
    for expected in (first, newest_reference(daily), "ann@example.com", "Hello there", "Europe/Vienna"):
        assert expected in text
    assert text.index("ann@example.com") < text.index("bob@example.com")
    assert links(mail, "unsubscribe")
    assert mail["List-Unsubscribe-Post"]
    daily.submit(message="Later")
    (second,) = run(daily)
    assert "1 new submission " in text_of(second)


def test_opening_its_links_changes_nothing(daily: Recipients) -> None:
    daily.submit()
    (mail,) = run(daily)
    for url in links(mail):
        assert daily.get(url).status_code == 200
        assert daily.client.head(url.removeprefix("https://forms.example.com")).status_code == 200
    assert daily.statuses() == {OWNER: "active"}


def test_nothing_is_sent_when_nothing_came(daily: Recipients) -> None:
    assert run(daily) == []
    daily.submit()
    assert len(run(daily)) == 1
    assert run(daily) == []


def test_is_due_at_the_local_hour(recipients: Recipients) -> None:
    (owner,) = recipients.all()
    assert owner["next_digest_at"] is None
    changed = recipients.change(owner["id"], frequency="hourly")
    assert changed["next_digest_at"].endswith(":00:00+00:00")
    daily, other = (
        recipients.change(owner["id"], frequency="daily", timezone=zone)["next_digest_at"]
        for zone in ("UTC", "Asia/Kathmandu")
    )
    assert "T08:00:00" in daily
    assert "T02:15:00" in other


def test_says_how_much_spam_waits(daily: Recipients) -> None:
    daily.submit(_gotcha="x", message="Buy")
    (mail,) = run(daily)
    assert "0 new submissions" in mail["Subject"]
    assert "1 submission waits in the spam folder" in text_of(mail)
    assert run(daily) == [], "the same spam is no news"


def test_spam_alone_is_no_news_to_somebody_with_conditions(daily: Recipients) -> None:
    (owner,) = daily.all()
    daily.change(owner["id"], when=[{"field": "topic", "is": "sales"}])
    daily.submit(_gotcha="x", topic="sales")
    daily.submit(topic="support")
    assert run(daily) == []
    daily.submit(topic="Sales")
    (mail,) = run(daily)
    assert "1 new submission " in text_of(mail)
    assert "1 submission waits" in text_of(mail)


def test_spam_that_is_released_later_is_in_the_next_one(daily: Recipients) -> None:
    daily.submit(_gotcha="x", message="Honest")
    run(daily)
    with daily.app.app_context():
        identity = db.session.scalars(select(Submission.id)).one()
    answer = daily.client.patch(f"/api/submissions/{identity}", json={"status": "inbox"}, headers=daily.headers)
    assert answer.status_code == 200
    (mail,) = run(daily)
    assert "Honest" in text_of(mail)


@pytest.mark.parametrize(("content", "shown"), [("full", {"who", "what"}), ("summary", {"who"}), ("none", set())])
def test_shows_as_much_as_the_recipient_wants(daily: Recipients, content: str, shown: set[str]) -> None:
    (owner,) = daily.all()
    daily.change(owner["id"], content=content)
    daily.submit(email="who@example.com", message="what is it")
    (mail,) = run(daily)
    assert {word for word in ("who", "what") if word in text_of(mail)} == shown


def test_lists_fifty_and_counts_the_rest(daily: Recipients) -> None:
    for number in range(MAX_LISTED + 2):
        daily.submit(message=f"number {number:03}")
    (mail,) = run(daily)
    text = text_of(mail)
    assert f"{MAX_LISTED + 2} new submissions" in text
    assert "and 2 earlier ones" in text
    assert text.count("number ") == MAX_LISTED
    assert "number 051" in text


def test_what_was_erased_meanwhile_is_not_counted(daily: Recipients) -> None:
    for message in ("first", "second"):
        daily.submit(message=message)
    with daily.app.app_context():
        first = db.session.scalars(select(Submission.id).order_by(Submission.id)).first()
    make_due(daily)
    with daily.app.app_context():
        digests.queue_due()
    assert daily.client.delete(f"/api/submissions/{first}", headers=daily.headers).status_code == 200
    (mail,) = daily.deliver()
    assert "1 new submission " in text_of(mail)
    assert "first" not in text_of(mail)
    daily.submit(message="third")
    make_due(daily)
    with daily.app.app_context():
        digests.queue_due()
        third = db.session.scalars(select(Submission.id).order_by(Submission.id.desc())).first()
    assert daily.client.delete(f"/api/submissions/{third}", headers=daily.headers).status_code == 200
    daily.server.received.clear()
    assert daily.deliver() == []
    assert count(daily, Message, Message.state == "suppressed") == 1


class KilledError(Exception):
    """The process is gone."""


def kill() -> None:
    raise KilledError


@pytest.mark.parametrize("statement", ["UPDATE digest_entries", "UPDATE recipients"])
def test_a_run_that_breaks_off_repeats_nothing_and_loses_nothing(daily: Recipients, statement: str) -> None:
    daily.submit(message="once")
    make_due(daily)
    with before_statements(daily.app, statement, kill), pytest.raises(KilledError), daily.app.app_context():
        digests.queue_due()
    assert count(daily, Message) == 0
    with daily.app.app_context():
        digests.queue_due()
    assert ["once" in text_of(mail) for mail in daily.deliver()] == [True]
    assert run(daily) == []


def test_two_runs_at_once_queue_one(daily: Recipients) -> None:
    daily.submit()
    make_due(daily)
    for _ in range(2):
        with daily.app.app_context():
            digests.queue_due()
    assert count(daily, Message, Message.kind == KIND) == 1


def test_changing_to_single_mails_tells_at_once_what_waits(daily: Recipients) -> None:
    daily.submit(message="waiting")
    (owner,) = daily.all()
    changed = daily.change(owner["id"], frequency="instant")
    assert changed["next_digest_at"] is not None
    daily.submit(message="single")
    assert len(daily.deliver()) == 1
    (mail,) = run(daily)
    assert "waiting" in text_of(mail)
    assert daily.all()[0]["next_digest_at"] is None


def test_an_unsubscribed_one_gets_no_digest_and_nothing_of_the_pause_later(recipients: Recipients) -> None:
    recipients.add_confirmed(frequency="daily")
    recipients.submit(message="before")
    (mail,) = [mail for mail in run(recipients) if mail["To"] == BOB]
    (url,) = links(mail, "unsubscribe")
    recipients.submit(message="queued")
    recipients.post(url)
    assert BOB not in {mail["To"] for mail in run(recipients)}
    recipients.post(url.replace("unsubscribe", "subscribe"))
    assert BOB not in {mail["To"] for mail in run(recipients)}
    recipients.submit(message="after")
    (mail,) = [mail for mail in run(recipients) if mail["To"] == BOB]
    assert "after" in text_of(mail)
    assert "queued" not in text_of(mail)


def test_many_at_one_hour_are_all_sent(daily: Recipients) -> None:
    """The limit of mails in ten minutes is for single ones."""
    for _ in range(MAX_MAILS + 2):
        daily.form_id = make_form(daily.app)
        (owner,) = daily.all()
        daily.change(owner["id"], frequency="daily")
        daily.submit()
    assert len(run(daily)) == MAX_MAILS + 2


def test_entries_go_with_their_digest(daily: Recipients) -> None:
    daily.submit()
    run(daily)
    daily.submit(message="waits")
    with daily.app.app_context():
        sweep()
    assert count(daily, DigestEntry) == 2
    with daily.app.app_context(), write_session():
        old = now() - outbox.RETENTION - timedelta(days=1)
        db.session.execute(update(Message).where(Message.kind == KIND).values(next_attempt_at=old))
        db.session.commit()
    with daily.app.app_context():
        outbox.sweep()
        sweep()
    assert count(daily, DigestEntry) == 1


def test_a_time_zone_that_tzdata_has_dropped_stops_nobodys_digest(daily: Recipients) -> None:
    daily.add_confirmed(frequency="daily")
    with daily.app.app_context(), write_session():
        db.session.execute(update(Recipient).where(Recipient.is_owner).values(timezone="Gone/Nowhere"))
        db.session.commit()
    daily.submit()
    assert sorted((mail["To"], "those of UTC" in text_of(mail)) for mail in run(daily)) == [(BOB, True), (OWNER, True)]
