"""Rendered mails, mails as files, and MAIL_FROM."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import DictLoader

from forms_service.accounts.emails import token_url
from forms_service.config import Settings
from forms_service.database.types import now
from tests.conftest import MakeApp, MakeSettings
from tests.support.mail_server import MailServer
from tests.support.mails import ANN, deliver, queue_mail

TEMPLATES = {
    "mails/hello/subject.txt": "Hello {{ name }}\n",
    "mails/hello/text.txt": "Dear {{ name }},\n\n{{ link }}\n",
    "mails/hello/html.html": "<p>Dear <b>{{ name }}</b></p>",
}


class TestTheMail:
    def test_says_whom_it_is_from_and_that_a_machine_wrote_it(self, mail_app: Flask, mail_server: MailServer) -> None:
        identity = queue_mail(mail_app)
        assert deliver(mail_app) == [("sent", "250 Taken as number 7")]
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
        mail_app = make_app(**mail_server.settings, MAIL_FROM="Formular <post@firma.example>", APP_NAME="Ignored")
        queue_mail(mail_app, _reply_to="visitor@example.org")
        deliver(mail_app)
        (message,) = mail_server.received
        assert message["From"] == "Formular <post@firma.example>"
        assert message["Reply-To"] == "visitor@example.org"
        assert message["Message-ID"].endswith("@firma.example>")

    def test_an_address_for_answers_that_is_none_is_left_out(self, mail_app: Flask, mail_server: MailServer) -> None:
        queue_mail(mail_app, _reply_to="call me")
        assert deliver(mail_app)[0][0] == "sent"
        assert mail_server.received[0]["Reply-To"] is None

    def test_has_text_and_html_and_escapes_what_was_typed(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_app.extensions["mails"].loader = DictLoader(TEMPLATES)
        address = "https://forms.example.com/confirm?token=" + "x" * 43
        queue_mail(mail_app, kind="hello", name="Jürgen <b>& Söhne\r\nBcc: all@example.com", link=address)
        deliver(mail_app)
        (message,) = mail_server.received
        assert message["Subject"] == "Hello Jürgen <b>& Söhne Bcc: all@example.com"
        assert message["Bcc"] is None
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert address in text.get_content().splitlines()
        assert "<b>Jürgen &lt;b&gt;&amp; Söhne" in html.get_content()

    def test_long_lines_are_no_trouble(self, mail_app: Flask, mail_server: MailServer) -> None:
        mail_app.extensions["mails"].loader = DictLoader(TEMPLATES)
        queue_mail(mail_app, kind="hello", name="x" * 3000, link=".")
        deliver(mail_app)
        (envelope,) = mail_server.envelopes
        assert isinstance(envelope.content, bytes)
        assert max(map(len, envelope.content.splitlines())) <= 998
        text = mail_server.received[0].get_body(("plain",))
        assert text is not None
        assert text.get_content().splitlines() == [f"Dear {'x' * 3000},", "", "."]

    def test_a_domain_in_any_script_is_written_in_ascii(self, mail_app: Flask, mail_server: MailServer) -> None:
        queue_mail(mail_app, to="ann@bücher.example")
        deliver(mail_app)
        assert mail_server.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]

    def test_a_local_part_in_any_script_needs_a_server_that_takes_it(
        self, mail_app: Flask, mail_server: MailServer
    ) -> None:
        queue_mail(mail_app, to="jürgen@example.com")
        assert deliver(mail_app)[0][0] == "sent"
        assert mail_server.envelopes[0].rcpt_tos == ["jürgen@example.com"]
        assert mail_server.received[0]["To"] == "jürgen@example.com"

    def test_or_it_is_refused_for_good(self, make_app: MakeApp) -> None:
        server = MailServer(enable_SMTPUTF8=False)
        mail_app = make_app(**server.settings)
        queue_mail(mail_app, to="jürgen@example.com")
        queue_mail(mail_app)
        assert [outcome for outcome, _ in deliver(mail_app)] == ["failed", "sent"]
        server.stop()

    def test_links_are_made_from_public_url(self, make_app: MakeApp) -> None:
        with make_app(PUBLIC_URL="https://site.example/forms/").test_request_context(headers={"Host": "evil.example"}):
            assert token_url("/confirm", "a b+c") == "https://site.example/forms/confirm?token=a+b%2Bc"


class TestWithoutAServer:
    """Trying the service out."""

    def test_mails_are_files_for_their_owner_only(
        self, make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        mail_app = make_app()
        mail_app.extensions["mails"].loader = DictLoader(TEMPLATES)
        address = "http://127.0.0.1:5000/confirm?token=abc"
        queue_mail(mail_app, kind="hello", name="Ann", link=address)
        attempts = deliver(mail_app)
        (file,) = (tmp_path / "instance" / "outbox").iterdir()
        assert attempts == [("sent", f"Written to instance/outbox/{file.name}")]
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
        settings = {"PUBLIC_URL": "https://forms.example.com", "BCRYPT_ROUNDS": "12", "SIGNUP_CONFIRMATION": "false"}
        url = f"sqlite:///{tmp_path}/instance/forms.db"
        mail_app = make_app(ENVIRONMENT="production", DATABASE_URL=url, **settings)
        queue_mail(mail_app)
        assert deliver(mail_app) == [("again", "SMTP_SERVER is not set.")]
        assert not (tmp_path / "instance" / "outbox").exists()


class TestMailFrom:
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("https://forms.example.com/path", "forms@forms.example.com"),
            ("http://127.0.0.1:5000", "forms@localhost"),
            ("http://[::1]:5000", "forms@localhost"),
            ("https://forms.example.com.", "forms@forms.example.com"),
        ],
    )
    def test_is_at_the_services_own_host_unless_said(self, make_settings: MakeSettings, url: str, address: str) -> None:
        assert make_settings(PUBLIC_URL=url).mail_from == address

    @pytest.mark.parametrize(
        "address", ["nobody", "a@b@", "x <nobody>", "ü@b.org", "a b@c.org", "@x.org", "a@b.org, c@d.eu"]
    )
    def test_is_an_address(self, make_settings: Callable[..., Settings], address: str) -> None:
        with pytest.raises(Exception, match="MAIL_FROM: Must be an e-mail address"):
            make_settings(MAIL_FROM=address)
