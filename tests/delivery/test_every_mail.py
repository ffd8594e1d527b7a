"""Every kind of mail: links that scanners may open, and text that people typed."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from forms_service.delivery.mail_rendering import REPLY_TO, render_mail
from forms_service.delivery.mail_transport import MailTransport
from forms_service.delivery.message import OutgoingMessage
from forms_service.extensions import db
from forms_service.spam import altcha_challenges
from tests.conftest import MakeApp
from tests.support.api_keys import make_key
from tests.support.delivery_clock import movable_clock
from tests.support.every_mail import KINDS, SETTINGS, EveryMail
from tests.support.mail_server import MailServer
from tests.support.mails import html_of, shown_text, text_of
from tests.support.receiver import receiving

OURS = "https://forms.example.com"
URL = re.compile(r"https?://[^\s<>\"']+")

TYPED = "=?utf-8?q?=0D=0ABcc:_x?= {{777*777}} {name} <b>x</b> &amp;"
"""In every field of a visitor and of an owner."""

WITHOUT_TYPED_TEXT = {
    *("confirm", "already_registered", "reset", "password_changed", "password_reset"),
    *("new_address", "address_changing", "address_changed", "test"),
}

HEADERS = {
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}

INJECTIONS = (
    "x\r\nBcc: evil@example.com",
    "x\nBcc: evil@example.com",
    "x\rBcc: evil@example.com",
    "x\r\n\r\n<h1>body</h1>",
    "x\r\n Bcc: evil@example.com",
    "x%0d%0aBcc:%20evil@example.com",
    "x\u2028Bcc: evil@example.com\u2029",
    "x\x0bBcc: evil@example.com\x0c\x85",
    "x\0\r\nBcc: evil@example.com",
    'Ann" <evil@example.com>, "',
    "ann@example.com, evil@example.com",
    "=?utf-8?q?Hi=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?SGkNCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    "=?utf-8?q?" + "=0D=0ABcc:_evil@example.com" * 4 + "?=",
    "ü" * 60 + "\r\nBcc: evil@example.com",
)


@pytest.fixture(scope="module")
def messages() -> list[OutgoingMessage]:
    """All that have left."""
    return []


@pytest.fixture(scope="module")
def sent(make_shared_app: MakeApp, messages: list[OutgoingMessage]) -> Iterator[EveryMail]:
    """A service after each kind of mail has left."""
    server, send = MailServer(), MailTransport.send

    def record(transport: MailTransport, message: OutgoingMessage) -> Any:
        messages.append(message)
        return send(transport, message)

    with pytest.MonkeyPatch.context() as patched, receiving() as receiver:
        patched.setattr(altcha_challenges, "COST", 1)
        patched.setattr(MailTransport, "send", record)
        app = make_shared_app(**server.settings, **SETTINGS)
        mails = EveryMail(app, server, receiver, make_key(app), TYPED)
        mails.send_all(movable_clock(patched))
        yield mails
    server.stop()


def urls_in(mail: EmailMessage) -> set[str]:
    """The URLs in headers, text and HTML."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    texts = [str(value) for value in mail.values()] + [html.unescape(part.get_content()) for part in parts]
    return {url.rstrip(".,") for text in texts for url in URL.findall(text)}


def dump(app: Flask) -> dict[str, list[str]]:
    """All rows of all tables."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table.name}")))
            for table in db.metadata.sorted_tables
        }


def check_head(content: bytes) -> None:
    """The header of a mail is the service's, read as a lenient mail server does."""
    head = re.split(rb"\r\n\r\n|\n\n|\r\r", content)[0]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", head)
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    assert set(names) <= HEADERS
    assert len(set(names)) == len(names)
    for name, value in message_from_bytes(content).items():
        decoded = str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", value))))
        assert not re.search(r"[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029]", decoded), name


def test_each_kind_is_tested_here(sent: EveryMail) -> None:
    assert sent.kinds() == KINDS


def test_whoever_opens_every_link_of_every_mail_changes_nothing(sent: EveryMail) -> None:
    urls = {url for mail in sent.server.received for url in urls_in(mail)}
    pages = {url.partition("?")[0].rpartition("/")[2] for url in urls}
    assert pages >= {"confirm", "forgot", "reset", "new-address", "unsubscribe", "withdraw"}
    before, count = dump(sent.app), len(sent.server.received)
    for url in sorted(urls):
        assert url.startswith(OURS)
        for method in ("HEAD", "GET", "HEAD", "GET"):
            answer = sent.app.test_client().open(url.removeprefix(OURS) or "/", method=method)
            assert answer.status_code in (200, 303, 401, 404), (method, url)
    sent.people.deliver()
    after = dump(sent.app)
    assert [name for name in after if after[name] != before[name]] == []
    assert len(sent.server.received) == count
    sent.people.press(sent.people.link_to("waiting@example.com", "confirm"))
    assert dump(sent.app) != after, "what acts is seen in the tables"


def test_headers_are_the_services_and_text_comes_out_as_typed(sent: EveryMail, messages: list[OutgoingMessage]) -> None:
    kinds = {f"<{message.id}@service.example>": message.kind for message in messages}
    for mail, envelope in zip(sent.server.received, sent.server.envelopes, strict=True):
        kind = kinds[mail["Message-ID"]]
        check_head(bytes(envelope.content or b""))
        assert envelope.rcpt_tos == [mail["To"]]
        parts = [text_of(mail), shown_text(html_of(mail)) if mail.get_body(("html",)) else TYPED]
        assert [TYPED in part for part in parts] == [kind not in WITHOUT_TYPED_TEXT] * 2 or kind == "test", kind
        assert not any("603729" in part for part in parts), "the template ran"


@pytest.mark.parametrize("typed", INJECTIONS)
def test_no_text_of_a_payload_adds_a_header(sent: EveryMail, messages: list[OutgoingMessage], typed: str) -> None:
    one_of_each = {message.kind: message for message in messages}
    assert set(one_of_each) == KINDS
    for message in one_of_each.values():
        values = {name: _retype(value, typed) for name, value in message.values.items()}
        for reply_to in ({}, {REPLY_TO: typed}, {REPLY_TO: f"ann@example.com{typed}"}):
            with sent.app.app_context():
                mail = render_mail(replace(message, values={**values, **reply_to}))
            check_head(mail.content)
            assert mail.recipient == message.target


def _retype(value: Any, typed: str) -> Any:
    """The payload of a mail in which this was typed."""
    if isinstance(value, str):
        return value.replace(TYPED, typed)
    if isinstance(value, list | tuple):
        return [_retype(item, typed) for item in value]
    if isinstance(value, dict):
        return {name: _retype(item, typed) for name, item in value.items()}
    return value
