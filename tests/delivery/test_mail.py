"""Mails as they arrive, and what a mail server's answers, silences and certificates mean."""

import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader
from sqlalchemy import select, update

from forms_service.accounts.emails import token_url
from forms_service.config import Settings
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import outbox, smtp, worker
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.conftest import MakeApp, MakeSettings
from tests.support.mail_server import DROP, HANG, TAKE_AND_DROP, TAKE_AND_LEAVE, MailServer, certificate

ANN = "ann@example.com"
TEMPLATES = {
    "mails/hello/subject.txt": "Hello {{ name }}\n",
    "mails/hello/text.txt": "Dear {{ name }},\n\n{{ link }}\n",
    "mails/hello/html.html": "<p>Dear <b>{{ name }}</b></p>",
}


def put(app: Flask, to: str = ANN, kind: str = "test", **values: Any) -> uuid.UUID | None:
    """Queue a mail, in a transaction of its own."""
    with app.app_context(), write_session():
        identity = outbox.enqueue_mail(kind, to, values, about=new_id())
        db.session.commit()
    return identity


def deliver(app: Flask) -> list[tuple[str, str]]:
    """One pass; outcome and answer of every attempt so far."""
    with app.app_context():
        worker.deliver_due()
        query = select(Attempt.outcome, Attempt.answer).order_by(Attempt.id)
        return [(outcome, answer) for outcome, answer in db.session.execute(query)]


def make_due(app: Flask) -> None:
    """As if the time until the next attempt had gone by."""
    with app.app_context(), write_session():
        db.session.execute(update(Message).where(Message.state == "waiting").values(next_attempt_at=now()))
        db.session.commit()


@pytest.fixture
def app(make_app: MakeApp, mail_server: MailServer) -> Flask:
    """The service with a mail server."""
    return make_app(**mail_server.settings, PUBLIC_URL="https://forms.example.com")


class TestTheMail:
    """What arrives."""

    def test_says_whom_it_is_from_and_that_a_machine_wrote_it(self, app: Flask, mail_server: MailServer) -> None:
        identity = put(app)
        assert deliver(app) == [("sent", "250 Taken as number 7")]
        (message,) = mail_server.received
        (envelope,) = mail_server.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("forms@forms.example.com", [ANN])
        assert message["From"] == "forms-service <forms@forms.example.com>"
        assert (message["To"], message["Subject"]) == (ANN, "A test from forms-service")
        assert message["Message-ID"] == f"<{identity}@forms.example.com>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert abs(message["Date"].datetime - now()).total_seconds() < 10
        assert message.get_content_type() == "text/plain"
        assert "https://forms.example.com/" in message.get_content().splitlines()

    def test_comes_from_mail_from_and_is_answered_to_whom_it_says(
        self, make_app: MakeApp, mail_server: MailServer
    ) -> None:
        app = make_app(**mail_server.settings, MAIL_FROM="Formular <post@firma.example>", APP_NAME="Ignored")
        put(app, _reply_to="visitor@example.org")
        deliver(app)
        (message,) = mail_server.received
        assert message["From"] == "Formular <post@firma.example>"
        assert message["Reply-To"] == "visitor@example.org"
        assert message["Message-ID"].endswith("@firma.example>")

    def test_an_address_for_answers_that_is_none_is_left_out(self, app: Flask, mail_server: MailServer) -> None:
        put(app, _reply_to="call me")
        assert deliver(app)[0][0] == "sent"
        assert mail_server.received[0]["Reply-To"] is None

    def test_has_text_and_html_and_escapes_what_was_typed(self, app: Flask, mail_server: MailServer) -> None:
        app.extensions["mails"].loader = DictLoader(TEMPLATES)
        address = "https://forms.example.com/confirm?token=" + "x" * 43
        put(app, kind="hello", name="Jürgen <b>& Söhne\r\nBcc: all@example.com", link=address)
        deliver(app)
        (message,) = mail_server.received
        assert message["Subject"] == "Hello Jürgen <b>& Söhne Bcc: all@example.com"
        assert message["Bcc"] is None
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert address in text.get_content().splitlines()
        assert "<b>Jürgen &lt;b&gt;&amp; Söhne" in html.get_content()

    def test_long_lines_are_no_trouble(self, app: Flask, mail_server: MailServer) -> None:
        app.extensions["mails"].loader = DictLoader(TEMPLATES)
        put(app, kind="hello", name="x" * 3000, link=".")
        deliver(app)
        (envelope,) = mail_server.envelopes
        assert isinstance(envelope.content, bytes)
        assert max(map(len, envelope.content.splitlines())) <= 998
        text = mail_server.received[0].get_body(("plain",))
        assert text is not None
        assert text.get_content().splitlines() == [f"Dear {'x' * 3000},", "", "."]

    def test_a_domain_in_any_script_is_written_in_ascii(self, app: Flask, mail_server: MailServer) -> None:
        put(app, to="ann@bücher.example")
        deliver(app)
        assert mail_server.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]

    def test_a_local_part_in_any_script_needs_a_server_that_takes_it(self, app: Flask, mail_server: MailServer) -> None:
        put(app, to="jürgen@example.com")
        assert deliver(app)[0][0] == "sent"
        assert mail_server.envelopes[0].rcpt_tos == ["jürgen@example.com"]
        assert mail_server.received[0]["To"] == "jürgen@example.com"

    def test_or_it_is_refused_for_good(self, make_app: MakeApp) -> None:
        server = MailServer(enable_SMTPUTF8=False)
        app = make_app(**server.settings)
        put(app, to="jürgen@example.com")
        put(app)
        assert [outcome for outcome, _ in deliver(app)] == ["failed", "sent"]
        server.stop()

    def test_links_are_made_from_public_url(self, make_app: MakeApp) -> None:
        with make_app(PUBLIC_URL="https://site.example/forms/").test_request_context(headers={"Host": "evil.example"}):
            assert token_url("/confirm", "a b+c") == "https://site.example/forms/confirm?token=a+b%2Bc"


class TestWithoutAServer:
    """Trying the service out."""

    def test_mails_are_files_for_their_owner_only(
        self, make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        app = make_app()
        app.extensions["mails"].loader = DictLoader(TEMPLATES)
        address = "http://127.0.0.1:5000/confirm?token=abc"
        put(app, kind="hello", name="Ann", link=address)
        assert deliver(app)[0][0] == "sent"
        (file,) = (tmp_path / "instance" / "outbox").iterdir()
        assert file.suffix == ".eml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert address in file.read_text()
        written = [record for record in caplog.records if record.getMessage() == "mail_written"]
        assert [record.fields["link"] for record in written] == [address]  # type: ignore[attr-defined]

    def test_in_production_they_wait_for_one(
        self, make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        make_app()  # makes the secrets
        said = {"PUBLIC_URL": "https://forms.example.com", "BCRYPT_ROUNDS": "12", "SIGNUP_CONFIRMATION": "false"}
        url = f"sqlite:///{tmp_path}/instance/forms.db"
        app = make_app(ENVIRONMENT="production", DATABASE_URL=url, **said)
        put(app)
        assert deliver(app) == [("again", "SMTP_SERVER is not set.")]
        assert not (tmp_path / "instance" / "outbox").exists()


class TestAnswers:
    """What a server says decides whether it is tried again."""

    @pytest.mark.parametrize(
        ("reply", "outcome"),
        [
            ("450 4.2.0 Greylisted", "again"),
            ("452 Mailbox full", "again"),
            ("421 Busy", "again"),
            ("550 5.1.1 No such mailbox", "failed"),
            ("554 Spam", "failed"),
            ("530 Log in first", "again"),
        ],
    )
    @pytest.mark.parametrize("at", ["at_rcpt", "at_data"])
    def test_4xx_is_temporary_and_5xx_permanent(
        self, app: Flask, mail_server: MailServer, reply: str, outcome: str, at: str
    ) -> None:
        setattr(mail_server, at, lambda _: reply)
        put(app)
        assert deliver(app) == [(outcome, reply)]

    def test_a_refused_one_leaves_the_connection_good_for_the_next(self, app: Flask, mail_server: MailServer) -> None:
        mail_server.at_rcpt = lambda address: "550 no" if address.startswith("nobody") else None
        for to in ("nobody@example.com", ANN, "nobody@example.org", "bob@example.com"):
            put(app, to=to)
        assert [outcome for outcome, _ in deliver(app)] == ["failed", "sent", "failed", "sent"]
        assert mail_server.connections == 1

    def test_greylisting_takes_it_the_second_time(self, app: Flask, mail_server: MailServer) -> None:
        seen: set[str] = set()

        def once(address: str) -> str | None:
            return None if address in seen else (seen.add(address), "451 Try again later")[1]

        mail_server.at_rcpt = once
        put(app)
        deliver(app)
        make_due(app)
        assert [outcome for outcome, _ in deliver(app)] == ["again", "sent"]

    def test_a_burst_goes_over_one_connection(self, app: Flask, mail_server: MailServer) -> None:
        identities = [put(app, to=f"p{number}@example.com") for number in range(20)]
        deliver(app)
        assert mail_server.ids == [f"<{identity}@forms.example.com>" for identity in identities]
        assert mail_server.connections == 1

    def test_logs_hold_the_code_and_nothing_a_server_says_of_a_person(
        self, app: Flask, mail_server: MailServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        mail_server.at_rcpt = lambda address: f"550 <{address}> is unknown"
        put(app)
        assert deliver(app) == [("failed", f"550 <{ANN}> is unknown")]
        (record,) = [record for record in caplog.records if record.getMessage() == "mail_failed"]
        assert record.fields["reason"] == "550"  # type: ignore[attr-defined]
        assert ANN not in str([vars(record) for record in caplog.records])


class TestBadDays:
    """Servers that refuse, hang and break off."""

    def test_a_server_that_is_away_gets_it_when_it_is_back(self, app: Flask, mail_server: MailServer) -> None:
        mail_server.stop()
        put(app)
        (first,) = deliver(app)
        assert first == ("again", f"Port {mail_server.port} of SMTP_SERVER does not respond (ConnectionRefusedError).")
        mail_server.start()
        make_due(app)
        assert deliver(app)[-1][0] == "sent"

    def test_one_that_hangs_after_the_text_is_given_up(
        self, app: Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "SEND_TIMEOUT", 0.3)
        mail_server.at_data = lambda _: HANG
        identity = put(app)
        assert deliver(app)[0][0] == "again", "otherwise this would not end"
        mail_server.at_data = lambda _: None
        make_due(app)
        assert deliver(app)[-1][0] == "sent"
        assert mail_server.ids == [f"<{identity}@forms.example.com>"]

    def test_one_that_answers_and_is_gone_has_it(self, app: Flask, mail_server: MailServer) -> None:
        mail_server.at_data = lambda _: TAKE_AND_LEAVE
        for number in range(4):
            put(app, to=f"p{number}@example.com")
        assert [outcome for outcome, _ in deliver(app)] == ["sent"] * 4
        assert len(set(mail_server.ids)) == len(mail_server.ids) == 4

    def test_one_that_takes_it_without_a_word_gets_it_twice_under_one_id(
        self, app: Flask, mail_server: MailServer
    ) -> None:
        mail_server.at_data = lambda _: TAKE_AND_DROP
        put(app)
        assert deliver(app)[0][0] == "again"
        mail_server.at_data = lambda _: None
        make_due(app)
        assert deliver(app)[-1][0] == "sent"
        assert len(mail_server.ids) == 2
        assert len(set(mail_server.ids)) == 1
        assert len({message["Date"] for message in mail_server.received}) == 1

    def test_one_that_drops_it_gets_it_again(self, app: Flask, mail_server: MailServer) -> None:
        mail_server.at_data = lambda _: DROP
        put(app)
        assert deliver(app)[0][0] == "again"
        assert mail_server.received == []


class TestEncryption:
    """STARTTLS, TLS, and logging in."""

    @pytest.fixture
    def trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        file, context = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        return context

    @pytest.fixture
    def server(self, request: pytest.FixtureRequest, trusted: Any) -> Iterator[MailServer]:
        said = {"starttls": {"tls_context": trusted, "auth_required": True}, "tls": {"ssl_context": trusted}}
        server = MailServer(**said[request.param])
        yield server
        server.stop()

    @pytest.mark.parametrize("server", ["starttls", "tls"], indirect=True)
    def test_the_password_goes_over_a_connection_that_is_encrypted(
        self, make_app: MakeApp, server: MailServer, request: pytest.FixtureRequest
    ) -> None:
        way = request.node.callspec.params["server"]
        login = {"SMTP_USERNAME": "forms", "SMTP_PASSWORD": "mail-password"} if way == "starttls" else {}
        app = make_app(**{**server.settings, "SMTP_TLS": way, **login})
        put(app)
        assert deliver(app)[0][0] == "sent"
        assert server.logins == list(login.values())[:1]

    @pytest.mark.parametrize(("password", "says"), [("wrong", "535"), ("gänzlich-falsch", "not ASCII")])
    @pytest.mark.parametrize("server", ["starttls"], indirect=True)
    def test_a_wrong_password_is_the_operators_to_put_right(
        self, make_app: MakeApp, server: MailServer, password: str, says: str
    ) -> None:
        said = {"SMTP_TLS": "starttls", "SMTP_USERNAME": "forms", "SMTP_PASSWORD": password}
        app = make_app(**{**server.settings, **said})
        put(app)
        ((outcome, answer),) = deliver(app)
        assert outcome == "again"
        assert says in answer
        assert "SMTP_PASSWORD" in answer

    @pytest.mark.parametrize("server", ["starttls"], indirect=True)
    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, make_app: MakeApp, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        app = make_app(**{**server.settings, "SMTP_TLS": "starttls", "SMTP_USERNAME": "forms"})
        put(app)
        ((outcome, answer),) = deliver(app)
        assert outcome == "again"
        assert "certificate" in answer
        assert server.logins == []

    def test_a_server_without_starttls_gets_nothing(self, make_app: MakeApp, mail_server: MailServer) -> None:
        said = {"SMTP_TLS": "starttls", "SMTP_USERNAME": "forms", "SMTP_PASSWORD": "mail-password"}
        app = make_app(**{**mail_server.settings, **said})
        put(app)
        ((outcome, answer),) = deliver(app)
        assert (outcome, "STARTTLS" in answer) == ("again", True)
        assert mail_server.logins == []


class TestMailFrom:
    """Whom mails are from."""

    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("https://forms.example.com/path", "forms@forms.example.com"),
            ("http://127.0.0.1:5000", "forms@localhost"),
            ("http://[::1]:5000", "forms@localhost"),
        ],
    )
    def test_is_at_the_services_own_host_unless_said(self, make_settings: MakeSettings, url: str, address: str) -> None:
        assert make_settings(PUBLIC_URL=url).mail_from == address

    @pytest.mark.parametrize(
        "said", ["nobody", "a@b@", "x <nobody>", "ü@b.org", "a b@c.org", "@x.org", "a@b.org, c@d.eu"]
    )
    def test_is_an_address(self, make_settings: Callable[..., Settings], said: str) -> None:
        with pytest.raises(Exception, match="MAIL_FROM: Must be an e-mail address"):
            make_settings(MAIL_FROM=said)
