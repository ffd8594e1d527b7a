"""What a visitor typed comes out as typed: templates, placeholders and markup are text wherever it is shown."""

import csv
import io
import json
from collections.abc import Iterator

import openpyxl
import pytest
from flask import Flask

from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.formats.payloads import Payload
from tests.conftest import KeyOf, MakeApp
from tests.support.chat_services import SERVICES
from tests.support.mail_server import MailServer
from tests.support.mails import html_of, shown_text, text_of
from tests.support.puzzles import easy, solved  # noqa: F401 (a fixture)
from tests.support.receiver import Received, Receiver, receiving
from tests.support.visitors import BROWSER, CONTACT, OWNER, form_for
from tests.support.webhooks import Hooks

TYPED = "{{7*7}} {name} {% raw %} ${7*7} #{7*7} <b>x</b> <script>y</script> &amp; *i* @everyone <!channel> \"q\" 'a'"
MESSAGE = f"{TYPED}\n{TYPED}"
ANN = {"name": TYPED, "email": "ann@example.com", "message": MESSAGE, TYPED[:60]: TYPED}
TEMPLATE = {"text": "{name}", "list": [{"message": "{message}"}]}
REPLY = {"subject": "{name}", "text": "Hello {name}", "copy": True}

pytestmark = pytest.mark.usefixtures("easy")


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    loopback = {"OUTBOUND_ALLOW": "127.0.0.1/32", "BACKGROUND_WORK": "outside"}
    return make_app_on_each_db(**mail_server.settings, **loopback)


@pytest.fixture
def hooks(app_on_each_db: Flask, key_of: KeyOf) -> Iterator[Hooks]:
    """A form with a challenge, a reply and a webhook of each format, that somebody has filled in."""
    owner = key_of(app_on_each_db)
    form = form_for(app_on_each_db, CONTACT, challenge="altcha", reply=REPLY, subject="{name}")
    with receiving() as receiver:
        hooks = Hooks(app_on_each_db, owner, form, receiver)
        for name in FORMATS:
            template = {"template": TEMPLATE} if name == "custom" else {}
            hooks.make(url=receiver.url(f"/{name}?chat_id=-1"), format=name, **template)
        hooks.fill(**ANN, altcha=solved(app_on_each_db, form))
        hooks.deliver()
        yield hooks


def payload_of(request: Received) -> Payload:
    """A request without the headers that every webhook has."""
    own = {name.title(): request.headers[name] for name in ("title", "click", "markdown") if name in request.headers}
    return Payload(request.body, request.headers["content-type"], own)


def received_by(receiver: Receiver) -> dict[str, Received]:
    return {request.path[1:].partition("?")[0]: request for request in receiver.received}


def test_in_mails(hooks: Hooks, mail_server: MailServer) -> None:
    assert sorted(mail["To"] for mail in mail_server.received) == ["ann@example.com", OWNER]
    for mail in mail_server.received:
        text = text_of(mail)
        assert mail["Subject"].startswith(TYPED[:60]), "a long one is cut"
        assert text.count(TYPED) >= 4
        if mail["To"] == OWNER:
            assert shown_text(html_of(mail)).count(TYPED) >= 4
            assert "<script" not in html_of(mail)


def test_in_webhooks_and_chats(hooks: Hooks) -> None:
    requests = received_by(hooks.receiver)
    assert set(requests) == set(FORMATS)
    data = requests["standard"].json["data"]["data"]
    assert data == ANN
    assert requests["custom"].json == {"text": TYPED, "list": [{"message": MESSAGE}]}
    for name, service in SERVICES.items():
        assert service(payload_of(requests[name])).count(TYPED) >= 3, name


def test_in_exports_and_lists(hooks: Hooks) -> None:
    path = f"/api/forms/{hooks.form}/export?format="
    table = hooks.client.get(f"{path}csv", headers=hooks.owner).data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert [row["Your name"], row["Message"], row[TYPED[:60]]] == [TYPED, MESSAGE, TYPED]
    line = json.loads(hooks.client.get(f"{path}jsonl", headers=hooks.owner).text)
    (listed,) = hooks.client.get(f"/api/forms/{hooks.form}/submissions", headers=hooks.owner).json["data"]
    assert line["data"] == listed["data"] == ANN
    book = openpyxl.load_workbook(io.BytesIO(hooks.client.get(f"{path}xlsx", headers=hooks.owner).data))
    cells = {cell.value for cells in book.worksheets[0].iter_rows() for cell in cells}
    assert {TYPED, MESSAGE, TYPED[:60]} <= cells


def test_on_the_page_that_shows_it_again(hooks: Hooks) -> None:
    answer = hooks.client.post(f"/f/{hooks.form}", data={**ANN, "email": TYPED}, headers=BROWSER)
    assert answer.status_code == 422
    assert MESSAGE in shown_text(answer.text).replace("\r\n", "\n")
    assert f'value="{_escaped(TYPED)}"' in answer.text
    assert "<b>x" not in answer.text
    assert "<script>y" not in answer.text


def _escaped(text: str) -> str:
    replaced = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
    return "".join(replaced.get(character, character) for character in text)
