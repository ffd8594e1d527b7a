"""The whole way in Chromium, with JavaScript and without: from the sign-up to the erasure of who used the form."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support.servers import Server
from tests.support.walks import Person
from tests.support.websites import Site

pytestmark = pytest.mark.slow

SETTINGS = {**QUICK, "SIGNUP_ROLE": "owner", "LOGIN_RATE_LIMIT": "999/60", "SIGNUP_RATE_LIMIT": "99/60"}
MIN_SECONDS = 3.2
"""Whoever sends a form sooner is taken for a program."""

DELETION = "#inbox >> text=/delete/i"


class World:
    """A fresh service, and a site of the owner's that has pages as they are pasted into it."""

    def __init__(self, folder: Path) -> None:
        self.pages = folder / "site"
        self.pages.mkdir()
        self.server = Server(folder / "instance", SETTINGS)
        self.site = Site(self.pages)

    def publish(self, name: str, code: str) -> str:
        """The address of a page with this code."""
        document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact</title>{code}</html>'
        (self.pages / f"{name}.html").write_text(document)
        return f"{self.site.origin}/built/{name}.html"

    def stop(self) -> None:
        self.server.stop()
        self.site.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("walk"))
    yield made
    made.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def has_scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def people(browser: Any, world: World, has_scripts: bool) -> Iterator[dict[str, Person]]:
    """The owner, a visitor of the site, and a colleague, each with a browser."""
    names = ("olga", "ann", "carol")
    addresses = {name: f"{name}-{'with' if has_scripts else 'without'}@example.com" for name in names}
    cast = {name: Person(browser, world.server, email, has_scripts) for name, email in addresses.items()}
    yield cast
    for person in cast.values():
        person.close()


def test_from_the_sign_up_to_the_erasure(people: dict[str, Person], world: World) -> None:
    owner, visitor, colleague = people.values()
    owner.sign_up("Olga")
    owner.open("/console")
    owner.sign_in()
    code = make_form(owner)
    form = owner.tab.url.partition("/forms/")[2].partition("/")[0]
    send(visitor, world.publish("plain", code), "Sent by plain HTML")
    read_from_mail(owner, "Sent by plain HTML")
    if owner.has_scripts:
        owner.open(f"/console/forms/{form}/share?way=script")
        send(visitor, world.publish("script", owner.text("#code")), "Sent by the script")
        assert visitor.tab.url.startswith(world.site.origin), "the page is not left"
        read_from_mail(owner, "Sent by the script")
    move_to_spam_and_back(owner, visitor.email)
    export(owner, visitor.email)
    invite(owner, colleague)
    look_without_deleting(colleague, visitor.email)
    erase(owner, visitor.email, form)
    for person in (owner, colleague):
        assert [line for line in person.messages if "Content Security Policy" in line] == []


def make_form(owner: Person) -> str:
    """Make a form from a template; its code."""
    owner.clicks = 0
    owner.click("text=New form")
    owner.click("main li button:has-text('Contact')")
    code = owner.text("#code")
    assert owner.clicks == 2
    if not owner.has_scripts:
        assert not owner.tab.is_visible("[data-copy]")
        return code
    owner.tab.wait_for_selector("[data-copy]:focus")
    owner.tab.keyboard.press("Enter")
    owner.tab.wait_for_selector("[data-copy]:has-text('Copied')")
    copied = str(owner.tab.evaluate("navigator.clipboard.readText()"))
    assert copied.strip() == code.strip()
    return copied


def send(visitor: Person, page: str, message: str) -> None:
    """Fill in the form of a page and send it."""
    tab = visitor.tab
    tab.goto(page)
    time.sleep(MIN_SECONDS)
    tab.fill("[name=name]", "Ann Example")
    tab.fill("[name=email]", visitor.email)
    tab.fill("[name=message]", message)
    for box in tab.query_selector_all("form [type=checkbox][required]"):
        box.check()
    tab.click("form button")
    tab.wait_for_selector("text=/thank you/i")


def read_from_mail(owner: Person, message: str) -> None:
    owner.clicks = 0
    owner.follow_mail("submission", "/console/submissions/[0-9a-f-]+", about=message)
    assert message in owner.text("#detail .values")
    assert owner.clicks == 1


def move_to_spam_and_back(owner: Person, address: str) -> None:
    """Of the submission that is open."""
    reference = owner.text("#detail-title .whole")
    assert owner.tab.locator(DELETION).count() > 0
    owner.click("#detail button:text-is('Spam')")
    owner.tab.wait_for_selector("text=moved to spam")
    owner.click("#folders >> text=Spam")
    owner.click(f".submissions a:has-text('{address}')")
    owner.tab.wait_for_selector(f"#detail-title:has-text('{reference}')")
    owner.click("#detail >> text=Not spam")
    owner.tab.wait_for_selector("text=moved to the inbox")
    owner.click("#folders >> text=Inbox")
    owner.tab.wait_for_selector(f".submissions a:has-text('{address}')")


def export(owner: Person, address: str) -> None:
    owner.click("text=Filter and export")
    owner.click("text='Export'")
    owner.tab.check("main [value=csv]")
    with owner.tab.expect_download() as download:
        owner.click("main button:text-is('Download')")
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert download.value.suggested_filename.endswith(".csv")
    assert len([row for row in rows if address in row]) == (2 if owner.has_scripts else 1)


def invite(owner: Person, colleague: Person) -> None:
    owner.click("nav >> text=Members")
    owner.tab.fill("#email", colleague.email)
    owner.tab.select_option("#role", "viewer")
    owner.click("button:text-is('Invite')")
    owner.tab.wait_for_selector(f".people li:has-text('{colleague.email}')")


def look_without_deleting(colleague: Person, address: str) -> None:
    """By the link of the invitation, through the sign-up; no button deletes, nor does a forged request."""
    tab = colleague.tab
    colleague.follow_mail("invitation", r"/console/invitation\S+")
    assert colleague.text("h1") == "Sign in"
    colleague.sign_up("Carol")
    colleague.follow_mail("invitation", r"/console/invitation\S+")
    colleague.sign_in()
    colleague.click("text=Open the form")
    colleague.click(".submissions a")
    tab.wait_for_selector("#detail .values")
    assert address in colleague.text("#detail .values")
    assert tab.locator(DELETION).count() == 0
    assert tab.locator("#detail button:not(.link), .submissions input").count() == 0
    token = tab.get_attribute("[name=csrf_token] >> nth=0", "value")
    answer = colleague.context.request.post(
        tab.url, form={"csrf_token": token, "action": "delete"}, headers={"Origin": colleague.server.url}
    )
    assert answer.status == 403
    tab.reload()
    assert address in colleague.text("#detail .values")


def erase(owner: Person, address: str, form: str) -> None:
    owner.click("header >> text=People")
    owner.fill({"email": address})
    owner.click("main button:text-is('Find')")
    assert owner.text("h1") == address
    owner.click("text=Erase everything…")
    owner.click("main button.danger")
    owner.tab.wait_for_selector("text=been erased")
    assert address not in owner.text()
    owner.open(f"/console/forms/{form}")
    assert address not in owner.text()
    assert owner.tab.locator(".submissions li").count() == 0
