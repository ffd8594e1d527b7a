"""Whole requests and mails about hostile input, measured like the single functions in `test_linear_work.py`.

Here counts what nobody thought of there: each body passes every reader, check, hash and row that a submission passes.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from jinja2 import DictLoader

from forms_service.database.types import now
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.message import OutgoingMessage
from tests.architecture.test_linear_work import ROUNDS, Work, filled, grows_linearly, part, raw
from tests.conftest import MakeApp
from tests.support.visitors import CONTACT, JSON, OWNER, form_for

pytestmark = pytest.mark.slow

BLOCKED = {"words": ["casino", "two words", "x-1!"], "addresses": ["@spam.example"], "networks": ["10.0.0.0/8"]}
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=X"
APPLICATION_JSON = "application/json"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """A service without limits, for all tests of this file."""
    return make_shared_app(RATE_LIMIT_ENABLED="false", LOG_LEVEL="ERROR")


BODIES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "a string that never ends": (APPLICATION_JSON, raw(b'\\"', b"[" * 65 + b'"')),
    "lists": (APPLICATION_JSON, raw(b"[],", b'{"a":[', b"[]]}")),
    "half characters": (APPLICATION_JSON, raw(rb"\ud800", b'{"name":"', b'"}')),
    "many keys": (APPLICATION_JSON, lambda size: b"{" + b"".join(b'"%x":1,' % n for n in range(size // 8)) + b'"":1}'),
    "marks": (URLENCODED, lambda size: ("name=" + "\u0301" * (size // 4) + "\u0316" * (size // 4)).encode()),
    "marks in a name": (URLENCODED, lambda size: ("a" + "\u0301" * (size // 4) + "\u0316" * (size // 4)).encode()),
    "ligatures": (URLENCODED, lambda size: ("name=" + "\ufdfa" * (size // 3)).encode()),
    "an address": (URLENCODED, raw(b"a.", b"name=x&email=", b"@example.com")),
    "a quoted address": (URLENCODED, raw(b'\\"', b'name=x&email="', b'"@example.com')),
    "addresses": (URLENCODED, raw(b"a@b ", b"name=", b"<")),
    "words": (URLENCODED, raw(b"two ", b"name=")),
    "blanks": (URLENCODED, raw(b"+", b"name=", b"x")),
    "line ends": (URLENCODED, raw(b"\r\n", b"message=", b"x")),
    "near delimiters": (MULTIPART, lambda size: part(b"", b"\r\n--X-" * (size // 6))),
    "a name with marks": (MULTIPART, lambda size: part(("\u0301\u0316" * min(size // 4, 30_000)).encode(), b"x")),
}


@pytest.mark.parametrize("path", ["free", "contact", "/api/login"])
@pytest.mark.parametrize("body", BODIES)
def test_a_request_is_answered_in_the_time_that_its_bytes_take(app: Flask, body: str, path: str) -> None:
    kind, hostile = BODIES[body]
    to = (
        path if path.startswith("/") else f"/f/{form_for(app, CONTACT if path == 'contact' else (), blocklist=BLOCKED)}"
    )
    client = app.test_client()

    def send(body: bytes) -> None:
        assert client.post(to, data=body, content_type=kind, headers=JSON).status_code < 500

    work = Work(send, hostile)
    assert any(grows_linearly(work, least=0.005) for _ in range(ROUNDS))


@pytest.mark.parametrize("unit", ["=?utf-8?q?a?= ", "\u0301\u0316", "\r\n.", "\u202e", "ü ", "<a@b.co>, ", '"\\'])
def test_a_mail_is_composed_in_the_time_that_its_text_takes(app: Flask, unit: str) -> None:
    loader = DictLoader({"mails/t/subject.txt": "{{ text }}", "mails/t/text.txt": "{{ text }}"})
    app.extensions["mails"].loader = loader

    def write(text: str) -> Any:
        values = {"text": text, "_reply_to": text}
        return render_mail(OutgoingMessage(id=uuid4(), kind="t", created_at=now(), target=OWNER, values=values))

    with app.app_context():
        work = Work(write, filled(unit, "a"))
        assert any(grows_linearly(work, least=0.005) for _ in range(ROUNDS))
