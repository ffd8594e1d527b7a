"""The pages behind the links in mails to people, in a browser without JavaScript."""

import re
import time
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from forms_service.accounts import service as accounts
from forms_service.database.transactions import dispose_engine
from forms_service.forms import service
from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.people import OPT_IN, REPLY
from tests.support.servers import Server

pytestmark = pytest.mark.slow


class Asking:
    """A service with a form that asks for double opt-in."""

    def __init__(self, folder: Path) -> None:
        app = servers.build_app(folder, QUICK)
        with app.test_request_context("/"), dispose_engine():
            person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
            owner = accounts.create(person, role="owner", status="active").id
            settings = {"double_opt_in": OPT_IN, "reply": {**REPLY, "text": "Hello"}}
            form = service.create({"name": "Newsletter", "fields": [], "settings": settings}, owner)["id"]
        self.server = Server(folder, QUICK)
        self.form = f"{self.server.url}/f/{form}"

    def link_in(self, kind: str, address: str) -> str:
        """The last link of the mail of a kind to an address, once it is written to its file."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for file in self.server.folder.rglob(f"outbox/*-{kind}-*.eml"):
                mail = message_from_string(file.read_text(), policy=default)
                if mail["To"] == address:
                    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
                    return self.server.url + re.findall(r"http://[^/]+(/\S+)", text)[-1]
            time.sleep(0.1)
        raise AssertionError("no mail came")


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    service_that_asks = Asking(tmp_path_factory.mktemp("asking"))
    yield service_that_asks
    service_that_asks.server.stop()


def check(page: Any, heading: str) -> None:
    assert page.inner_text("h1") == heading
    assert accessibility.problems(page) == []


def test_a_person_confirms_and_withdraws(page: Any, asking: Asking) -> None:
    address = "ann@example.com"
    answer = page.request.post(asking.form, data={"email": address}).json()
    page.goto(answer["next"])
    check(page, "Please confirm")
    page.click("button")
    check(page, "Check your mail")
    confirm = asking.link_in("opt_in", address)
    page.goto(confirm)
    check(page, "Confirm your submission")
    assert page.locator("button").bounding_box()["height"] >= 44
    page.click("button")
    check(page, "Confirmed")
    page.goto(confirm)
    check(page, "Confirmed already")
    page.goto(asking.link_in("reply", address))
    check(page, "Withdraw your submission")
    page.click("button")
    check(page, "Withdrawn")
    page.reload()
    page.goto(confirm)
    check(page, "Withdrawn")
    page.goto(f"{confirm}x")
    check(page, "This link is not valid")
