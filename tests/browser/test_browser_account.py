"""From the sign-up to the account's own pages in a browser, with JavaScript and without, and how they look."""

import re
import time
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility
from tests.support.accounts import PASSWORD
from tests.support.servers import Server, in_process

pytestmark = pytest.mark.slow

OPERATOR = "operator@example.com"
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetrieb"
SETTINGS = {**QUICK, "SIGNUP_ROLE": "owner", "LOGIN_RATE_LIMIT": "999/60", "SIGNUP_RATE_LIMIT": "99/60"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("account")
    words = ("accounts", "create", OPERATOR, "--role", "operator", "--last-name", LONG_NAME)
    in_process(folder, *words, **SETTINGS, stdin=PASSWORD)
    served = Server(folder, SETTINGS)
    yield served
    served.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def tab(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A tab of a new browser in Vienna, with JavaScript and without."""
    context = browser.new_context(java_script_enabled=request.param, timezone_id="Europe/Vienna")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.has_scripts = request.param
    yield opened
    context.close()


def link_to(service: Server, address: str) -> str:
    """The link of the newest mail to an address."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in sorted(service.folder.rglob("outbox/*-confirm-*.eml"), reverse=True):
            mail = message_from_string(file.read_text(), policy=default)
            if mail["To"] == address:
                text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
                return service.url + str(re.search(r"http://[^/]+(/\S+)", text)[1])  # type: ignore[index]
        time.sleep(0.1)
    raise AssertionError("no mail came")


def sign_in(tab: Any, email: str) -> None:
    tab.fill("[name=email]", email)
    tab.fill("[name=password]", PASSWORD)
    tab.click("main button")


def test_a_newcomer_reaches_the_console_and_makes_a_key(tab: Any, service: Server) -> None:
    address = f"ann{tab.has_scripts}@example.com"
    tab.goto(f"{service.url}/console")
    tab.click("text=Sign up")
    for name, value in (("first_name", "Ann"), ("last_name", "Example"), ("email", address), ("password", PASSWORD)):
        tab.fill(f"[name={name}]", value)
    tab.click("main button")
    tab.goto(link_to(service, address))
    tab.fill("[name=password]", PASSWORD)
    tab.click("main button")
    assert tab.inner_text("h1") == "E-mail address confirmed"
    tab.click("a:text-is('Sign in')")
    sign_in(tab, address)
    assert tab.inner_text("h1") == "Forms"
    tab.click("nav >> text=Account")
    choose_time_zone(tab)
    tab.click("nav >> text=API keys")
    tab.fill("[name=name]", "my site")
    tab.check("text=Read forms")
    tab.fill("[name=password]", PASSWORD)
    tab.click("text=Make the key")
    check_key(tab)
    tab.click("summary >> text=Revoke…")
    tab.click("text=Revoke the key")
    assert "The key has been revoked." in tab.inner_text("[role=status].notice")
    tab.click("nav >> text=Activity")
    assert tab.inner_text("ul.entries").startswith("Revoked an API key")


def choose_time_zone(tab: Any) -> None:
    """By the button that scripts offer, else from the list."""
    button = "text=Use the time zone of this device (Europe/Vienna)"
    if tab.has_scripts:
        tab.click(button)
    else:
        tab.wait_for_load_state()  # the option that is selected at first, below it, may not have been read yet
        assert not tab.is_visible(".device-zone")
        tab.select_option("#timezone", "Europe/Vienna")
    tab.click("button:text-is('Save')")
    assert "Saved." in tab.inner_text("[role=status].notice")
    assert tab.input_value("#timezone") == "Europe/Vienna"


def check_key(tab: Any) -> None:
    """It has the focus, and a button that copies it where scripts run."""
    key = tab.inner_text("#key")
    assert key.startswith("fs_")
    assert tab.is_visible("text=Copy the key") == tab.has_scripts
    if tab.has_scripts:
        assert tab.evaluate("document.activeElement.id") == "made"
        tab.click("text=Copy the key")
        tab.wait_for_selector("text=Copied")
        assert tab.evaluate("navigator.clipboard.readText()") == key


@pytest.fixture(scope="module")
def inside(browser: Any, service: Server) -> Iterator[Any]:
    """A tab where the operator is signed in."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    tab = context.new_page()
    tab.console = []
    tab.on("console", lambda message: tab.console.append(message.text))
    tab.goto(f"{service.url}/console")
    sign_in(tab, OPERATOR)
    yield tab
    context.close()


def test_pages_behind_buttons_are_as_good(inside: Any, service: Server) -> None:
    inside.goto(f"{service.url}/console/people")
    inside.fill("[name=email]", "nobody@example.com")
    inside.click("text=Find")
    assert inside.url == f"{service.url}/console/people"
    check_page(inside)
    inside.goto(f"{service.url}/console/operator/accounts")
    inside.fill("[name=email]", OPERATOR)
    inside.click("text=Find")
    assert LONG_NAME in inside.inner_text("h1")
    check_page(inside)
    inside.fill("[name=password]", "wrong")
    inside.click("text=Change the role")
    assert inside.evaluate("document.activeElement.className") == "summary"
    check_page(inside)


def check_page(tab: Any) -> None:
    accessibility.open_details(tab)
    assert accessibility.problems(tab) == []
    assert [line for line in tab.console if "Content Security Policy" in line] == []
