"""The inbox in a browser: keys, swaps and where the focus goes, undo, files in place, exports with progress."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import QUICK
from tests.support import servers
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.definitions import PDF
from tests.support.servers import Server
from tests.support.stored import OWNER, attach, make_form, submit

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

ROWS = 5


FORMS = 12
"""One for each test."""


class Inbox:
    """A form with ROWS submissions, the last one with a file."""

    def __init__(self, app: Flask) -> None:
        self.form = make_form(app)
        texts = [f"Message {number}" for number in range(ROWS)]
        self.ids = [submit(app, self.form, {"email": "ann@example.com", "message": text}) for text in texts][::-1]
        attach(app, self.ids[0], "cv.pdf", PDF)
        self.url = f"/console/forms/{self.form}"


@pytest.fixture(scope="module")
def inboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Inbox]]:
    """Forms that no test had yet, on a started service."""
    folder, settings = tmp_path_factory.mktemp("inboxes"), {**QUICK, "LOGIN_RATE_LIMIT": "999/60"}
    with servers.filled(folder, settings) as app:
        make_key(app)
        made = [Inbox(app) for _ in range(FORMS)]
    server = Server(folder, settings)
    for inbox in made:
        inbox.url = server.url + inbox.url
    yield made
    server.stop()


@pytest.fixture
def inbox(inboxes: list[Inbox]) -> Inbox:
    return inboxes.pop()


@pytest.fixture(scope="module")
def cookies(browser: Any, inboxes: list[Inbox]) -> list[dict[str, Any]]:
    """Those of an owner who has signed in."""
    page = browser.new_page()
    page.goto(inboxes[-1].url)
    sign_in(page)
    held: list[dict[str, Any]] = page.context.cookies()
    page.close()
    return held


@pytest.fixture
def tab(page: Any, cookies: list[dict[str, Any]], inbox: Inbox) -> Any:
    """The inbox, open in a wide tab."""
    page.context.add_cookies(cookies)
    page.goto(inbox.url)
    wait_for_inbox(page)
    return page


def sign_in(page: Any) -> None:
    page.fill("[name=email]", OWNER)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    wait_for_inbox(page)


def wait_for_inbox(page: Any) -> None:
    page.wait_for_selector("#inbox")
    page.wait_for_load_state("domcontentloaded")  # until then the keys do nothing


def press(tab: Any, *keys: str) -> None:
    for key in keys:
        tab.keyboard.press(key)


def wait_for_focus(tab: Any, element: str) -> None:
    tab.wait_for_selector(f"#{element}:focus")


def unread(tab: Any) -> int:
    return int(tab.locator(".submissions .unread").count())


def test_keys_pass_open_archive_and_undo_without_losing_the_focus(tab: Any, inbox: Inbox) -> None:
    press(tab, "j", "j", "k")
    wait_for_focus(tab, f"s-{inbox.ids[0]}")
    press(tab, "j")
    assert unread(tab) == ROWS  # passed, not read
    press(tab, "o")
    wait_for_focus(tab, "detail-title")
    assert "Message 3" in tab.inner_text("#detail .values")
    assert unread(tab) == ROWS - 1
    assert tab.title().startswith(f"({ROWS - 1})")
    assert tab.url.endswith(inbox.ids[1])
    press(tab, "e")
    wait_for_focus(tab, f"s-{inbox.ids[2]}")
    tab.wait_for_selector("#announcer:has-text('archived. You can undo')", state="attached")
    assert tab.locator(".submissions li").count() == ROWS - 1
    press(tab, "z")
    wait_for_focus(tab, f"s-{inbox.ids[1]}")
    assert tab.locator(".submissions li").count() == ROWS
    press(tab, "n")  # the next unread one, by one key
    wait_for_focus(tab, "detail-title")
    assert tab.title().startswith(f"({ROWS - 2})")
    assert [line for line in tab.console if "Content Security Policy" in line] == []


def test_a_selection_by_keys_goes_to_spam_and_back(tab: Any, inbox: Inbox) -> None:
    assert not tab.is_visible(".bulk")
    press(tab, "j", "x", "j", "x")
    assert tab.is_visible(".bulk")
    press(tab, "Shift+!")
    wait_for_focus(tab, f"s-{inbox.ids[2]}")
    tab.click("text=2 spam waiting")
    tab.wait_for_url("**status=spam")
    press(tab, "j", "Shift+!")
    tab.wait_for_selector("text=moved to the inbox")
    assert tab.locator(".submissions li").count() == 1


def test_the_list_of_keys_is_a_dialog_and_fields_take_letters(tab: Any) -> None:
    press(tab, "Shift+?")
    assert tab.is_visible("#keys")
    press(tab, "j", "Escape")
    assert not tab.is_visible("#keys")
    press(tab, "/")
    tab.keyboard.type("ejx!")
    assert tab.input_value("#q") == "ejx!"
    assert unread(tab) == ROWS
    press(tab, "Escape")
    tab.fill("#q", "message 3")
    press(tab, "Enter")
    tab.wait_for_url("**/search")
    tab.click(".submissions a")
    wait_for_focus(tab, "detail-title")
    assert tab.url.endswith("/search")  # the matches stay beside it


def test_deleting_asks_first(tab: Any, inbox: Inbox) -> None:
    press(tab, "j", "o")
    wait_for_focus(tab, "detail-title")
    press(tab, "Shift+#")
    assert tab.evaluate("document.activeElement.textContent") == "Delete permanently"
    assert tab.locator(".submissions li").count() == ROWS
    press(tab, "Enter")
    wait_for_focus(tab, f"s-{inbox.ids[1]}")
    assert tab.locator(".submissions li").count() == ROWS - 1


def test_back_leads_to_the_page_before(tab: Any, inbox: Inbox) -> None:
    for row in (0, 1):
        tab.click(f"#s-{inbox.ids[row]}")
        tab.wait_for_url(f"**/{inbox.ids[row]}")
    tab.go_back()
    tab.wait_for_selector("text=Message 4")
    tab.wait_for_selector(f"#s-{inbox.ids[0]}[aria-current]")
    tab.go_back()
    tab.wait_for_selector("#detail-title", state="detached")
    assert tab.locator(".submissions li").count() == ROWS


def test_an_ended_session_leads_to_the_sign_in(tab: Any, inbox: Inbox) -> None:
    tab.context.clear_cookies()
    tab.click(f"#s-{inbox.ids[0]}")
    tab.wait_for_selector("h1:has-text('Sign in')")


def test_a_narrow_page_shows_one_thing_at_a_time(tab: Any, inbox: Inbox) -> None:
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.click(f"#s-{inbox.ids[0]}")
    wait_for_focus(tab, "detail-title")
    assert not tab.is_visible(".submissions")
    press(tab, "j")  # the list is not there to pass through: the next one is shown
    tab.wait_for_url(f"**/{inbox.ids[1]}")
    tab.click("text=Back to the list")
    wait_for_focus(tab, f"s-{inbox.ids[1]}")
    for _ in range(2):
        results = axe.Axe().run(tab)
        assert results.violations_count == 0, results.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        tab.goto(f"{inbox.url}/export")


def test_a_pdf_is_shown_in_place(tab: Any, inbox: Inbox) -> None:
    tab.click(f"#s-{inbox.ids[0]}")
    with tab.expect_response("**/files/1/view") as shown:
        tab.click("text=Show it here")
    assert shown.value.status == 200
    assert [line for line in tab.console if "Content Security Policy" in line] == []


def test_everything_that_matches_is_archived_and_an_export_is_downloaded(tab: Any, inbox: Inbox) -> None:
    tab.click("text=Filter and export")
    tab.click("text=Change everything that matches")
    tab.click("button:has-text('Archive')")
    tab.wait_for_selector(f"text=Done: {ROWS} archived.")
    tab.click(".undo button")
    tab.wait_for_selector("text=Undone.")
    tab.goto(f"{inbox.url}/export")
    with tab.expect_download() as download:
        tab.click("text=Download")
    assert Path(download.value.path()).read_text().count("ann@example.com") == ROWS
    assert download.value.suggested_filename.startswith("Contact ")


def test_everything_works_without_scripts(browser: Any, inbox: Inbox) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(inbox.url)
    sign_in(tab)
    tab.click(f"#s-{inbox.ids[0]}")
    assert "Message 4" in tab.inner_text("#detail .values")
    assert tab.is_visible(f"#s-{inbox.ids[1]}")  # the list stands beside it
    tab.click("#detail >> text=Archive")
    tab.click(".undo button")
    assert "Undone." in tab.inner_text("main")
    tab.check(f"[value='{inbox.ids[1]}']")
    tab.click(".bulk >> text=Spam")
    tab.click("text=1 spam waiting")
    assert tab.locator(".submissions li").count() == 1
    context.close()
