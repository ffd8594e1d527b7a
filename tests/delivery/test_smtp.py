"""Replies, silences and certificates of a mail server, and their effect on delivery."""

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask

from forms_service.delivery import smtp, worker
from forms_service.delivery.channels import Channel
from forms_service.delivery.lanes import Lanes
from forms_service.delivery.mail_transport import MailTransport
from tests.conftest import MakeApp
from tests.support.certificates import Authority
from tests.support.mail_server import DROP, HANG, TAKE_AND_DROP, TAKE_AND_LEAVE, MailServer
from tests.support.mails import ANN, deliver, make_due, queue_mail
from tests.support.web_server import serve_in_thread


@contextmanager
def slow_replies(lines: int) -> Iterator[tuple[int, list[bytes]]]:
    """A server whose reply to EHLO has so many lines, one each 50 ms; yields its port and the lines it sent."""
    sent: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 slow\r\n")
            self.rfile.readline()
            with suppress(OSError):
                for _ in range(lines):
                    time.sleep(0.05)
                    self.wfile.write(b"250-wait\r\n")
                    sent.append(b"250-wait")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        serve_in_thread(server)
        yield server.server_address[1], sent
        server.shutdown()


class TestAnswers:
    """The server's answer decides whether a message is retried."""

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
        self, mail_app: Flask, mail_server: MailServer, reply: str, outcome: str, at: str
    ) -> None:
        setattr(mail_server, at, lambda _: reply)
        queue_mail(mail_app)
        assert deliver(mail_app) == [(outcome, reply)]

    def test_a_refused_one_leaves_the_connection_good_for_the_next(
        self, mail_app: Flask, mail_server: MailServer
    ) -> None:
        mail_server.at_rcpt = lambda address: "550 no" if address.startswith("nobody") else None
        worker.register_channel(mail_app, Channel("mail", MailTransport, threads=1, lanes=Lanes(1)))
        for to in ("nobody@example.com", ANN, "nobody@example.org", "bob@example.com"):
            queue_mail(mail_app, to=to)
        assert sorted(outcome for outcome, _ in deliver(mail_app)) == ["failed", "failed", "sent", "sent"]
        assert mail_server.connections == 1

    def test_greylisting_takes_it_the_second_time(self, mail_app: Flask, mail_server: MailServer) -> None:
        seen: set[str] = set()

        def once(address: str) -> str | None:
            return None if address in seen else (seen.add(address), "451 Try again later")[1]

        mail_server.at_rcpt = once
        queue_mail(mail_app)
        deliver(mail_app)
        make_due(mail_app)
        assert [outcome for outcome, _ in deliver(mail_app)] == ["again", "sent"]

    def test_a_burst_goes_over_few_connections(self, mail_app: Flask, mail_server: MailServer) -> None:
        identities = [queue_mail(mail_app, to=f"p{number}@example.com") for number in range(20)]
        deliver(mail_app)
        assert set(mail_server.ids) == {f"<{identity}@forms.example.com>" for identity in identities}
        assert mail_server.connections <= worker.MAIL_CONCURRENCY

    def test_logs_hold_the_code_and_nothing_a_server_says_of_a_person(
        self, mail_app: Flask, mail_server: MailServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        mail_server.at_rcpt = lambda address: f"550 <{address}> is unknown"
        queue_mail(mail_app)
        assert deliver(mail_app) == [("failed", f"550 <{ANN}> is unknown")]
        (record,) = [record for record in caplog.records if record.getMessage() == "mail_failed"]
        assert record.fields["reason"] == "550"  # type: ignore[attr-defined]
        assert ANN not in str([vars(record) for record in caplog.records])


class TestBadDays:
    """Servers that refuse, hang and break off."""

    def test_a_server_that_is_away_gets_it_when_it_is_back(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_server.stop()
        queue_mail(mail_app)
        (first,) = deliver(mail_app)
        assert first == ("again", f"Port {mail_server.port} of SMTP_SERVER does not respond (ConnectionRefusedError).")
        mail_server.start()
        make_due(mail_app)
        assert deliver(mail_app)[-1][0] == "sent"

    def test_one_that_hangs_after_the_text_is_given_up(
        self, mail_app: Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "SEND_TIMEOUT", 0.3)
        mail_server.at_data = lambda _: HANG
        identity = queue_mail(mail_app)
        assert deliver(mail_app)[0][0] == "again", "otherwise this would not end"
        mail_server.at_data = lambda _: None
        make_due(mail_app)
        assert deliver(mail_app)[-1][0] == "sent"
        assert mail_server.ids == [f"<{identity}@forms.example.com>"]

    def test_one_that_answers_and_is_gone_has_it(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_server.at_data = lambda _: TAKE_AND_LEAVE
        for number in range(4):
            queue_mail(mail_app, to=f"p{number}@example.com")
        assert [outcome for outcome, _ in deliver(mail_app)] == ["sent"] * 4
        assert len(set(mail_server.ids)) == len(mail_server.ids) == 4

    def test_one_that_takes_it_without_a_word_gets_it_twice_under_one_id(
        self, mail_app: Flask, mail_server: MailServer
    ) -> None:
        mail_server.at_data = lambda _: TAKE_AND_DROP
        queue_mail(mail_app)
        assert deliver(mail_app)[0][0] == "again"
        mail_server.at_data = lambda _: None
        make_due(mail_app)
        assert deliver(mail_app)[-1][0] == "sent"
        assert len(mail_server.ids) == 2
        assert len(set(mail_server.ids)) == 1
        assert len({message["Date"] for message in mail_server.received}) == 1

    def test_one_that_answers_twice_gets_it_again(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_server.at_rcpt = lambda _: "250 OK\r\n250 OK"  # the second one answers DATA, so that no text is sent
        queue_mail(mail_app)
        assert deliver(mail_app) == [("again", "250 OK")]
        mail_server.at_rcpt = lambda _: None
        make_due(mail_app)
        assert deliver(mail_app)[-1][0] == "sent"
        assert len(mail_server.received) == 1

    def test_one_that_goes_on_replying_is_given_up(
        self, make_app: MakeApp, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "CONNECT_TIMEOUT", 0.5)
        with slow_replies(lines=60) as (port, sent):
            app = make_app(**mail_server.settings | {"SMTP_PORT": str(port)})
            queue_mail(app)
            assert deliver(app)[0][0] == "again"
        assert len(sent) < 60

    def test_a_server_without_passwords_is_named_as_such(self, make_app: MakeApp) -> None:
        class TokensOnly(MailServer):
            async def auth_XOAUTH2(self, *_: object) -> None:  # noqa: N802 (aiosmtpd's name)
                """Be offered."""

        server = TokensOnly(auth_require_tls=False, auth_exclude_mechanism=["LOGIN", "PLAIN"])
        app = make_app(**server.settings, SMTP_USERNAME="user", SMTP_PASSWORD="mail-password")
        queue_mail(app)
        assert deliver(app) == [("again", f"Port {server.port} of SMTP_SERVER accepts no login by password.")]
        server.stop()

    def test_one_that_drops_it_gets_it_again(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_server.at_data = lambda _: DROP
        queue_mail(mail_app)
        assert deliver(mail_app)[0][0] == "again"
        assert mail_server.received == []


class TestEncryption:
    """STARTTLS, TLS, and logging in."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    @pytest.fixture
    def server(self, request: pytest.FixtureRequest, authority: Authority) -> Iterator[MailServer]:
        context = authority.server_context()
        options = {"starttls": {"tls_context": context, "auth_required": True}, "tls": {"ssl_context": context}}
        server = MailServer(**options[request.param])
        yield server
        server.stop()

    @pytest.mark.parametrize("server", ["starttls", "tls"], indirect=True)
    def test_the_password_goes_over_a_connection_that_is_encrypted(
        self, make_app: MakeApp, server: MailServer, authority: Authority, request: pytest.FixtureRequest
    ) -> None:
        way = request.node.callspec.params["server"]
        login = {"SMTP_USERNAME": "forms", "SMTP_PASSWORD": "mail-password"} if way == "starttls" else {}
        mail_app = make_app(**{**server.settings, "SMTP_TLS": way, "SMTP_CA_FILE": str(authority.file), **login})
        queue_mail(mail_app)
        assert deliver(mail_app)[0][0] == "sent"
        assert server.logins == list(login.values())[:1]

    @pytest.mark.parametrize(("password", "reason"), [("wrong", "535"), ("gänzlich-falsch", "not ASCII")])
    @pytest.mark.parametrize("server", ["starttls"], indirect=True)
    def test_a_wrong_password_is_the_operators_to_put_right(
        self, make_app: MakeApp, server: MailServer, authority: Authority, password: str, reason: str
    ) -> None:
        login = {"SMTP_TLS": "starttls", "SMTP_USERNAME": "forms", "SMTP_PASSWORD": password}
        mail_app = make_app(**{**server.settings, **login, "SMTP_CA_FILE": str(authority.file)})
        queue_mail(mail_app)
        ((outcome, answer),) = deliver(mail_app)
        assert outcome == "again"
        assert reason in answer
        assert "SMTP_PASSWORD" in answer

    @pytest.mark.parametrize("server", ["starttls", "tls"], indirect=True)
    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, make_app: MakeApp, server: MailServer, authority: Authority, request: pytest.FixtureRequest
    ) -> None:
        settings = {"SMTP_TLS": request.node.callspec.params["server"], "SMTP_USERNAME": "forms"}
        mail_app = make_app(**{**server.settings, **settings, "OUTBOUND_CA_FILE": str(authority.file)})
        queue_mail(mail_app)
        ((outcome, answer),) = deliver(mail_app)
        assert outcome == "again"
        assert "certificate" in answer
        assert server.logins == []

    @pytest.mark.parametrize("server", ["starttls"], indirect=True)
    def test_the_systems_authorities_are_trusted_besides(
        self,
        make_app: MakeApp,
        server: MailServer,
        authority: Authority,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        settings = {"SMTP_TLS": "starttls", "SMTP_CA_FILE": str(Authority(tmp_path, "other").file)}
        login = {"SMTP_USERNAME": "forms", "SMTP_PASSWORD": "mail-password"}
        mail_app = make_app(**{**server.settings, **settings, **login})
        queue_mail(mail_app)
        assert deliver(mail_app)[0][0] == "sent"

    def test_a_server_without_starttls_gets_nothing(self, make_app: MakeApp, mail_server: MailServer) -> None:
        settings = {"SMTP_TLS": "starttls", "SMTP_USERNAME": "forms", "SMTP_PASSWORD": "mail-password"}
        mail_app = make_app(**{**mail_server.settings, **settings})
        queue_mail(mail_app)
        ((outcome, answer),) = deliver(mail_app)
        assert (outcome, "STARTTLS" in answer) == ("again", True)
        assert mail_server.logins == []
