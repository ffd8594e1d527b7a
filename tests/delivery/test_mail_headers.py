"""Mail headers cannot be injected, and show the text that people typed."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from flask import Flask
from jinja2 import DictLoader

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import outbox, worker
from forms_service.delivery.mail_headers import Field, check_headers
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.message import DeliveryError, OutgoingMessage
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.mail_server import MailServer
from tests.support.mails import html_of, text_of
from tests.support.visitors import ANN, OWNER, form_for, without_reference_at_end

OURS = ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
MULTIPART = ["MIME-Version", "Content-Type"]
OF_THE_BODY = [*MULTIPART, "Content-Transfer-Encoding"]
OF_A_NOTIFICATION = ["List-Unsubscribe"]

INJECTIONS = (
    "=?utf-8?q?Hi=0D=0AReply-To:_evil@example.com=0D=0A=0D=0A<h1>x</h1>?=",
    "=?utf-8?q?Hi=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?SGkNCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    "=?utf-8*en?q?Hi=0D=0ABcc:_evil@example.com?=",
    "=?iso-8859-1?Q?Hi=0ABcc:_evil@example.com?= =?utf-8?q?=0D?=",
    "x =?utf-8?q?=0D=0ABcc:_evil@example.com?= ü",
    '"=?utf-8?q?=0D=0ABcc:_evil@example.com?="',
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=3D0D=3D0ABcc:_x=3F=3D?=",
    "=?utf-8?q?" + "=0D=0ABcc:_evil@example.com" * 4 + "?=",
)


@pytest.fixture
def app(make_app: MakeApp, mail_server: MailServer) -> Flask:
    return make_app(**mail_server.settings, BACKGROUND_WORK="outside", MAIL_FROM="forms@service.example")


def submit(app: Flask, data: dict[str, Any], fields: Any = ()) -> None:
    """Send this to a form of the owner's and have the mail leave."""
    assert app.test_client().post(f"/f/{form_for(app, fields)}", json=data).status_code == 200
    with app.app_context():
        worker.deliver_due()


def put(app: Flask, to: str, kind: str = "test", **values: Any) -> None:
    with app.app_context():
        with write_session():
            outbox.enqueue_mail(kind, to, values, about=new_id())
            db.session.commit()
        worker.deliver_due()


def content_of(server: MailServer) -> bytes:
    """The bytes of the one mail that the server took."""
    (envelope,) = server.envelopes
    assert isinstance(envelope.content, bytes)
    return envelope.content


def names(content: bytes) -> list[str]:
    """The names of its header fields, read as a mail server does."""
    head = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0]
    return [line.split(b":")[0].decode() for line in head.split(b"\n") if line[:1] not in (b" ", b"\t")]


def read(content: bytes, name: str) -> str:
    """A header field as a mail program shows it."""
    return str(make_header(decode_header(message_from_bytes(content)[name])))


@pytest.mark.parametrize("typed", INJECTIONS)
def test_encoded_words_in_a_subject_are_text(app: Flask, mail_server: MailServer, typed: str) -> None:
    submit(app, {**ANN, "_subject": typed})
    content = content_of(mail_server)
    assert sorted(names(content)) == sorted(OURS + OF_A_NOTIFICATION + MULTIPART)
    assert without_reference_at_end(read(content, "Subject")) == typed[:150]
    assert read(content, "Reply-To") == ANN["email"]


@pytest.mark.parametrize("typed", [text for text in INJECTIONS if len(text) < 100])
def test_encoded_words_in_the_names_of_service_and_form_are_text(
    make_app: MakeApp, mail_server: MailServer, typed: str
) -> None:
    app = make_app(**mail_server.settings, BACKGROUND_WORK="outside", APP_NAME=typed)
    put(app, OWNER, _reply_to="ann@example.com")
    content = content_of(mail_server)
    assert sorted(names(content)) == sorted(OURS + OF_THE_BODY)
    assert read(content, "Subject") == f"A test from {typed}"
    assert typed in read(content, "From")
    mail_server.envelopes.clear()
    assert app.test_client().post(f"/f/{form_for(app, name=typed)}", json=ANN).status_code == 200
    with app.app_context():
        worker.deliver_due()
    assert without_reference_at_end(read(content_of(mail_server), "Subject")) == f"{typed}: ann@example.com"


@pytest.mark.parametrize(
    "subject",
    [
        "می‌خواهم",
        "क्‍ष",
        "Family 👨‍👩‍👧‍👦 and 👩🏽‍💻",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland ❤️",
        "a\u200eb \u00adc",
        "Ünïcödé " * 15,
    ],
)
def test_a_subject_keeps_joiners_tags_and_emoji(app: Flask, mail_server: MailServer, subject: str) -> None:
    submit(app, {**ANN, "_subject": subject})
    assert without_reference_at_end(read(content_of(mail_server), "Subject")) == subject.strip()


def test_a_header_that_nobody_set_is_not_sent(app: Flask) -> None:
    message = EmailMessage()
    message["Subject"] = Field("Subject", "x")
    check_headers(b"Subject: x\r\n\r\nBcc: in the text", message)
    for content in (b"Subject: x\r\nBcc: y\r\n\r\n", b"Subject: x\nBcc: y\r\n\r\n", b"Subject: x\rBcc: y\r\n\r\n"):
        with pytest.raises(DeliveryError) as caught:
            check_headers(content, message)
        assert caught.value.permanent


@pytest.mark.parametrize("unit", ["=?utf-8?q?a=0D=0ABcc:_x?= ", "a\u0301\u0316", "\u200d", "\r\n", "ü", "x"])
def test_very_long_texts_make_a_mail_with_a_short_subject(app: Flask, unit: str) -> None:
    templates = {"mails/t/subject.txt": "{{ subject }}", "mails/t/text.txt": "{{ text }}"}
    app.extensions["mails"].loader = DictLoader(templates)
    subject, text = (unit * 65536)[:65536], (unit * 2**20)[: 2**20]
    values = {"subject": subject, "text": text, "_reply_to": text}
    parcel = OutgoingMessage(id=new_id(), kind="t", created_at=now(), target=OWNER, values=values)
    with app.app_context():
        mail = render_mail(parcel)
    assert len(read(mail.content, "Subject")) <= 200
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    body = message_from_bytes(mail.content).get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().split() == text.split()


class TestAddressesThatAreNotAscii:
    """RFC 6531: where the server offers SMTPUTF8, else they are no part of the header."""

    JOERG = {"name": "Jörg", "email": "jörg@bücher.example"}

    def test_answers_go_there_where_the_server_takes_it(self, app: Flask, mail_server: MailServer) -> None:
        submit(app, self.JOERG)
        assert "\r\nReply-To: jörg@xn--bcher-kva.example\r\n" in content_of(mail_server).decode()
        assert mail_server.envelopes[0].smtp_utf8
        assert mail_server.envelopes[0].mail_options == ["SMTPUTF8", "BODY=8BITMIME"]

    def test_the_text_alone_names_it_where_the_server_does_not(self, make_app: MakeApp) -> None:
        server = MailServer(enable_SMTPUTF8=False)
        try:
            app = make_app(**server.settings, BACKGROUND_WORK="outside")
            submit(app, self.JOERG)
            content = content_of(server)
            assert "Reply-To" not in names(content)
            assert content.partition(b"\r\n\r\n")[0].isascii()
            mail = cast("EmailMessage", message_from_bytes(content, policy=default))
            for body in (text_of(mail), html_of(mail)):
                assert "To reply, write to jörg@bücher.example" in body
        finally:
            server.stop()

    def test_a_mail_that_needs_none_asks_for_none(self, app: Flask, mail_server: MailServer) -> None:
        submit(app, ANN)
        assert not mail_server.envelopes[0].smtp_utf8

    def test_the_recipients_own_is_written_as_it_is(self, app: Flask, mail_server: MailServer) -> None:
        put(app, "jörg@bücher.example")
        assert "\r\nTo: jörg@xn--bcher-kva.example\r\n" in content_of(mail_server).decode()
        assert mail_server.envelopes[0].rcpt_tos == ["jörg@xn--bcher-kva.example"]
