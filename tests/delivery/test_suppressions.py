"""Suppressed addresses: mailboxes that do not exist, people who complained, and those an operator names."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import suppressions
from forms_service.delivery.digests import MAX_MAILS
from forms_service.delivery.models import Message, Suppression
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.mail_server import DROP, MailServer
from tests.support.mails import ANN, deliver, make_due, queue_mail
from tests.support.visitors import OWNER, form_for

BOB = "bob@example.com"
NO_SUCH_USER = "550 5.1.1 No such user here"


@pytest.fixture
def app(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    """A service on each database that sends to `mail_server`."""
    return make_app_on_each_db(**mail_server.settings)


def suppressed(app: Flask) -> dict[str | None, str]:
    """Address and reason of everything on the list."""
    with app.app_context():
        return {row.address: row.reason for row in suppressions.list_all()}


def suppress(app: Flask, address: str, reason: str, detail: str = "") -> None:
    with app.app_context():
        suppressions.suppress(address, reason, detail)


def states(app: Flask) -> dict[str, str]:
    """Of the newest message to each address."""
    with app.app_context():
        query = select(Message.target, Message.state).order_by(Message.id)
        return {row.target: row.state for row in db.session.execute(query)}


def recipients(server: MailServer) -> list[str]:
    return [envelope.rcpt_tos[0] for envelope in server.envelopes]


def refuse_bob(answer: str) -> Any:
    return lambda address: answer if address == BOB else None


class TestMailboxes:
    """Answers of a server about an address, and about other things."""

    def test_one_that_does_not_exist_gets_nothing_more_and_nobody_waits_for_it(
        self, app: Flask, mail_server: MailServer
    ) -> None:
        mail_server.at_rcpt = refuse_bob(NO_SUCH_USER)
        for to in (BOB, ANN, "Bob@Example.com", "cleo@example.com"):
            queue_mail(app, to=to)
        outcomes = deliver(app)
        assert sorted(outcome for outcome, _ in outcomes) == ["failed", "sent", "sent", "suppressed"]
        assert "suppression list (bounce)" in dict(outcomes)["suppressed"]
        assert sorted(recipients(mail_server)) == [ANN, "cleo@example.com"]
        assert suppressed(app) == {BOB: "bounce"}
        assert states(app) == {BOB: "failed", ANN: "sent", "Bob@Example.com": "suppressed", "cleo@example.com": "sent"}
        with app.app_context():
            assert db.session.scalars(select(Suppression.detail)).one() == NO_SUCH_USER

    @pytest.mark.parametrize(
        "answer",
        [
            "550 No such user",
            "550 Unrouteable address",
            "550 <bob@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            "550 5.1.1 <bob@example.com>: User unknown in relay recipient table",
            "550 sorry, no mailbox here by that name. (#5.1.1)",
            "550 5.5.0 Requested action not taken: mailbox unavailable",
            "554 5.2.1 Mailbox disabled",
            "556 5.1.10 Recipient address has null MX",
        ],
    )
    def test_words_for_one_that_does_not_exist(self, app: Flask, mail_server: MailServer, answer: str) -> None:
        mail_server.at_rcpt = refuse_bob(answer)
        queue_mail(app, to=BOB)
        assert deliver(app)[0][0] == "failed"
        assert suppressed(app) == {BOB: "bounce"}

    @pytest.mark.parametrize(
        "answer",
        [
            "450 4.1.1 Unverified address",
            "451 4.7.1 Greylisted",
            "452 4.2.2 Mailbox full",
            "421 4.3.2 Shutting down",
            "530 5.7.0 Log in first",
            "535 5.7.8 Bad credentials",
            "550 5.7.1 Relaying denied",
            "554 5.7.1 <bob@example.com>: Relay access denied",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "550 relay not permitted",
            "550 5.1.8 <forms@example.com>: Sender address rejected: Domain not found",
            "550 5.1.0 Sender address rejected: User unknown",
            "550 Sender verify failed",
            "550 Your IP is listed at a blocklist",
            "550 5.4.1 Recipient address rejected: Access denied",
            "552 5.2.2 Over quota",
            "550 5.3.0 Local configuration error",
            "550 4.1.1 This server contradicts itself",
            "503 Need MAIL first",
            "554 No",
        ],
    )
    def test_other_refusals_suppress_nothing(self, app: Flask, mail_server: MailServer, answer: str) -> None:
        mail_server.at_rcpt = refuse_bob(answer)
        queue_mail(app, to=BOB)
        assert deliver(app)[0][0] in ("again", "failed")
        assert suppressed(app) == {}

    @pytest.mark.parametrize(
        ("answer", "count"),
        [
            (NO_SUCH_USER, 1),
            ("554 5.2.1 Mailbox disabled", 1),
            ("550 5.1.0 Address rejected", 1),
            ("550 No such user", 0),
            ("550 5.5.0 Mailbox unavailable", 0),
            ("554 5.6.0 Bad content", 0),
            ("554 5.7.1 Spam", 0),
            (DROP, 0),
        ],
    )
    def test_after_the_text_only_a_code_for_the_address_counts(
        self, app: Flask, mail_server: MailServer, answer: str, count: int
    ) -> None:
        mail_server.at_data = lambda _: answer
        queue_mail(app, to=BOB)
        deliver(app)
        assert len(suppressed(app)) == count

    def test_a_server_that_is_away_suppresses_nobody(self, app: Flask, mail_server: MailServer) -> None:
        mail_server.stop()
        queue_mail(app, to=BOB)
        assert deliver(app)[0][0] == "again"
        assert suppressed(app) == {}
        mail_server.start()
        make_due(app)
        assert deliver(app)[-1][0] == "sent"


class TestReasons:
    """Against which mails each of them is."""

    @pytest.mark.parametrize(
        ("reason", "count"), [("bounce", 0), ("operator", 0), ("complaint", 1), ("unsubscribe", 1), (None, 2)]
    )
    def test_a_complaint_is_against_notifications_and_a_bounce_against_all(
        self, app: Flask, mail_server: MailServer, reason: str | None, count: int
    ) -> None:
        form = form_for(app)
        if reason:
            suppress(app, OWNER, reason)
        assert app.test_client().post("/api/password/forgot", json={"email": OWNER}).status_code == 202
        assert app.test_client().post(f"/f/{form}", json={"text": "hi"}).status_code == 200
        deliver(app)
        subjects = [message["Subject"] for message in mail_server.received]
        assert len(subjects) == count
        assert [subject for subject in subjects if "password" in subject.lower()] == subjects[:1]

    def test_a_bounce_replaces_a_complaint_and_not_the_other_way_round(self, app: Flask) -> None:
        for reason in ("complaint", "unsubscribe", "bounce", "operator", "complaint"):
            suppress(app, BOB, reason, "words")
        with app.app_context():
            (row,) = suppressions.list_all()
            assert (row.reason, row.detail) == ("bounce", "words (earlier: complaint)")

    def test_two_workers_may_suppress_one_address_at_once(self, app: Flask) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: suppress(app, BOB, "bounce", str(number)), range(24)))
        assert suppressed(app) == {BOB: "bounce"}

    def test_suppressed_mails_do_not_look_like_a_broken_server(self, app: Flask) -> None:
        suppress(app, BOB, "operator")
        for _ in range(6):
            queue_mail(app, to=BOB)
        deliver(app)
        assert app.test_client().get("/health").json["checks"]["mail"]["status"] == "healthy"

    def test_a_digest_that_is_suppressed_takes_its_notifications_with_it(
        self, app: Flask, mail_server: MailServer
    ) -> None:
        form = form_for(app)
        for number in range(MAX_MAILS + 2):
            app.test_client().post(f"/f/{form}", json={"text": f"number {number}"})
        deliver(app)
        assert len(mail_server.received) == MAX_MAILS
        suppress(app, OWNER, "complaint")
        with app.app_context(), write_session():
            db.session.execute(update(Message).where(Message.kind == "digest").values(next_attempt_at=now()))
            db.session.commit()
        assert [outcome for outcome, _ in deliver(app)][MAX_MAILS:] == ["suppressed"]
        with app.app_context():
            states = Counter(db.session.scalars(select(Message.state)))
        assert states == {"sent": MAX_MAILS, "suppressed": 3}

    def test_removed_it_gets_mail_again(self, app: Flask, mail_server: MailServer) -> None:
        suppress(app, BOB, "bounce")
        queue_mail(app, to=BOB)
        deliver(app)
        with app.app_context():
            suppressions.remove("BOB@example.com")
        queue_mail(app, to=BOB)
        assert [outcome for outcome, _ in deliver(app)] == ["suppressed", "sent"]
        assert recipients(mail_server) == [BOB]


class TestSecrecy:
    """Nobody learns from an answer or a log who is on the list."""

    def test_signing_up_and_forgetting_a_password_answer_as_ever(
        self, app: Flask, mail_server: MailServer, ann: dict[str, Any]
    ) -> None:
        suppress(app, ANN, "bounce")

        def answers(email: str) -> list[tuple[int, Any]]:
            client = app.test_client()
            calls = [("signup", ann | {"email": email}), ("signup/resend", {"email": email})]
            calls += [("signup", ann | {"email": email}), ("password/forgot", {"email": email})]
            replies = [client.post(f"/api/{path}", json=body) for path, body in calls]
            return [(reply.status_code, reply.text.replace(email, "…")) for reply in replies]

        assert answers(ANN) == answers(BOB)
        deliver(app)
        assert set(recipients(mail_server)) == {BOB}

    def test_the_log_holds_no_address(
        self, app: Flask, mail_server: MailServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "forms_service")
        mail_server.at_rcpt = refuse_bob("550 5.1.1 <bob@example.com> is unknown")
        for _ in range(2):
            queue_mail(app, to=BOB)
        deliver(app)
        messages = [record.getMessage() for record in caplog.records]
        assert {"mail_failed", "address_suppressed", "mail_suppressed"} <= set(messages)
        assert BOB not in str([vars(record) for record in caplog.records])


class TestNumbers:
    def test_metrics_count_by_reason(self, app: Flask) -> None:
        client: FlaskClient = app.test_client()
        suppress(app, BOB, "bounce")
        assert 'forms_suppressed_addresses{reason="bounce"} 1.0' in client.get("/metrics").text
        with app.app_context():
            suppressions.remove(BOB)
        assert 'forms_suppressed_addresses{reason="bounce"} 0.0' in client.get("/metrics").text
