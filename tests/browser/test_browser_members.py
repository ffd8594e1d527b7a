"""The pages of members in a browser, with JavaScript and without, by keyboard, and their looks."""

import re
import time
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.accounts import PASSWORD
from tests.support.accounts import Member as Person
from tests.support.members import OLGA, PAT, SAM, VERA, add_member
from tests.support.servers import Server
from tests.support.stored import make_form

pytestmark = pytest.mark.slow

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"[:40]


class Shared:
    """A service with a form that its owner shares."""

    def __init__(self, folder: Any) -> None:
        settings = {**QUICK, "LOGIN_RATE_LIMIT": "999/60"}
        with servers.filled(folder, settings) as app:
            for email, role in ((OLGA, "owner"), (VERA, "user"), (PAT, "user"), (SAM, "user")):
                person = Person(app, email, role)
                person.call("PATCH", "/api/me", first_name=f"محمد {LONG}", last_name=LONG)
            self.form = make_form(app, OLGA)
            add_member(app, self.form, VERA)
            add_member(app, self.form, f"{LONG.lower()[:30]}@{'a' * 60}.example", status="pending")
        self.server = Server(folder, settings)
        self.newcomers = iter((PAT, SAM))
        """With an account, not on the form."""
        self.page = f"{self.server.url}/console/forms/{self.form}/members"

    def invitation(self, address: str) -> str:
        """The link of the invitation to an address, once it is written to its file."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for file in sorted(self.server.folder.rglob("outbox/*-invitation-*.eml"), reverse=True):
                mail = message_from_string(file.read_text(), policy=default)
                if mail["To"] == address:
                    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
                    return self.server.url + re.findall(r"http://[^/]+(/console/invitation\S+)", text)[0]
            time.sleep(0.1)
        raise AssertionError("no mail came")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    served = Shared(tmp_path_factory.mktemp("shared"))
    yield served
    served.server.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def tab(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A tab of a new browser, with JavaScript and without."""
    context = browser.new_context(java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def sign_in(page: Any, email: str) -> None:
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")


def test_a_colleague_is_invited_gets_a_role_and_is_removed(tab: Any, shared: Shared) -> None:
    address = f"carol{time.monotonic_ns()}@example.com"
    tab.goto(shared.page)
    sign_in(tab, OLGA)
    tab.fill("#email", address)
    tab.select_option("#role", "editor")
    tab.focus("#role")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".notice")
    row = tab.locator(".people li", has_text=address)
    row.locator("select").select_option("manager")
    row.locator("text=Change").click()
    assert row.locator("select").input_value() == "manager"
    row.locator("summary").focus()
    tab.keyboard.press("Enter")
    row.locator("button.danger").click()
    tab.wait_for_url("**done=removed")
    assert tab.locator(".people li", has_text=address).count() == 0


def test_a_link_leads_through_the_sign_in_to_the_form_and_may_be_left(tab: Any, shared: Shared) -> None:
    newcomer = next(shared.newcomers)
    answer = shared.server.post("/api/login", json={"email": OLGA, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}
    body = {"email": newcomer, "role": "editor"}
    assert shared.server.post(f"/api/forms/{shared.form}/members", json=body, headers=headers).status_code == 201
    link = shared.invitation(newcomer)
    tab.goto(link)
    sign_in(tab, VERA)
    assert "another address" in tab.inner_text("main")
    tab.click("text=Sign out")
    tab.goto(link)
    sign_in(tab, newcomer)
    tab.click("text=Open the form")
    tab.click("nav >> text=Members")
    tab.click("text=Leave this form…")
    tab.click("button.danger")
    assert tab.inner_text(".notice") == "You have left the form."


def test_nothing_is_wrong_with_the_pages_of_a_viewer(page: Any, shared: Shared) -> None:
    page.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    page.goto(shared.page)
    sign_in(page, VERA)
    page.wait_for_selector("header nav")
    for address in (shared.page, f"{shared.server.url}/console/invitation?token=x"):
        page.goto(address)
        accessibility.open_details(page)
        assert accessibility.problems(page) == []
    assert [line for line in page.console if "Content Security Policy" in line] == []
    page.context.clear_cookies()
