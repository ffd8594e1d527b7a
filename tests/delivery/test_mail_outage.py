"""A mail server that is away, and one that refuses a recipient: nobody else's mail is lost, doubled or late."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.delivery import suppressions
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.conftest import KeyOf, MakeApp
from tests.support.mail_server import MailServer
from tests.support.recipients import Recipients
from tests.support.stored import OWNER, make_form

BOB, CLEO = "bob@example.com", "cleo@example.com"
REPLY = {"subject": "We got it", "text": "Hello"}
VISITORS = [f"visitor{number}@example.com" for number in range(4)]
FIELDS = [{"name": "email", "type": "email"}]


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    return make_app_on_each_db(
        **mail_server.settings, BACKGROUND_WORK="outside", PUBLIC_URL="https://forms.example.com"
    )


@pytest.fixture
def recipients(app_on_each_db: Flask, key_of: KeyOf, mail_server: MailServer) -> Recipients:
    """A form with a reply that tells its owner, Bob and Cleo."""
    headers = key_of(app_on_each_db)
    form = make_form(app_on_each_db, OWNER, FIELDS, reply=REPLY)
    recipients = Recipients(app_on_each_db, headers, form, mail_server)
    for email in (BOB, CLEO):
        recipients.add_confirmed(email)
    return recipients


def attempts_by_address(app: Flask) -> dict[str, list[str]]:
    """Outcomes of the mails about submissions."""
    with app.app_context():
        query = select(Message.target, Attempt.outcome).join(Attempt, Attempt.message_id == Message.id)
        is_about_it = Message.kind.in_(("submission", "reply"))
        outcomes: dict[str, list[str]] = {}
        for address, outcome in db.session.execute(query.where(is_about_it).order_by(Attempt.at)):
            outcomes.setdefault(address, []).append(outcome)
        return outcomes


def suppressed(app: Flask) -> list[tuple[str | None, str]]:
    with app.app_context():
        return [(row.address, row.reason) for row in suppressions.list_all()]


def test_after_an_hour_without_a_mail_server_every_mail_arrives_once(
    recipients: Recipients, mail_server: MailServer, clock: Callable[..., None]
) -> None:
    mail_server.stop()
    for visitor in VISITORS:
        recipients.submit(email=visitor)
        recipients.deliver()
        clock(minutes=15)
    assert recipients.deliver() == []
    mail_server.start()
    for _ in range(8):
        clock(hours=1)
        recipients.deliver()
    everybody = {OWNER: 4, BOB: 4, CLEO: 4, **dict.fromkeys(VISITORS, 1)}
    assert Counter(mail["To"] for mail in mail_server.received) == everybody
    assert len(set(mail_server.ids)) == sum(everybody.values())
    assert suppressed(recipients.app) == []


def test_one_recipient_who_is_refused_for_good_delays_nobody(recipients: Recipients, mail_server: MailServer) -> None:
    mail_server.at_rcpt = lambda address: "550 5.1.1 No such user here" if address == BOB else None
    for visitor in VISITORS:
        recipients.submit(email=visitor)
        recipients.deliver()
    assert suppressed(recipients.app) == [(BOB, "bounce")]
    assert attempts_by_address(recipients.app) == {
        BOB: ["failed", *["suppressed"] * 3],
        **dict.fromkeys((OWNER, CLEO), ["sent"] * 4),
        **{visitor: ["sent"] for visitor in VISITORS},
    }
    assert recipients.statuses() == {OWNER: "active", BOB: "suppressed", CLEO: "active"}
