"""By keyboard alone: Tab reaches every control, the focus is seen, and no swap loses it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.accounts import PASSWORD
from tests.support.sample_service import SampleService
from tests.support.stored import OWNER

pytest.importorskip("playwright.sync_api", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

MAX_STEPS = 400
COUNT_CONTROLS = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const seen = new Set();
  let number = 0;
  const controls = "a[href], button, input, select, textarea, summary, iframe, [tabindex='0']";
  for (const element of document.querySelectorAll(controls)) {
    const group = element.type === "radio" ? element.form?.id + element.name : null;
    if (element.disabled || element.type === "hidden" || element.tabIndex < 0 || !element.checkVisibility()) continue;
    if (group && seen.has(group)) continue;
    if (group) seen.add(group);
    element.dataset.control = ++number;
  }
  return number;
}"""
"""Opens everything and numbers what can be operated; of radio buttons, Tab reaches one."""

FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  const isShown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
  const isInside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  return [element.dataset.control ?? "", element.tagName, isShown && isInside, element.outerHTML.slice(0, 120)];
}"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleService]:
    made = SampleService(tmp_path_factory.mktemp("keyboard"), forms=1)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def cookies(browser: Any, service: SampleService) -> list[dict[str, Any]]:
    """Those of the owner, who has signed in by keyboard."""
    page = browser.new_page()
    page.goto(f"{service.url}/console")
    page.focus("[name=email]")
    page.keyboard.type(OWNER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Sign out")
    held: list[dict[str, Any]] = page.context.cookies()
    page.close()
    return held


@pytest.fixture
def tab(page: Any, cookies: list[dict[str, Any]]) -> Any:
    """A tab in which the owner is signed in."""
    page.context.add_cookies(cookies)
    return page


@pytest.mark.parametrize(
    ("path", "width"), [("", 1280), ("", 320), ("/build", 1280), ("/build", 320), ("/settings", 320), ("/share", 1280)]
)
def test_tab_reaches_every_control_and_shows_where_it_is(
    tab: Any, service: SampleService, path: str, width: int
) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(f"{service.url}/console/forms/{service.form}{path}")
    tab.wait_for_load_state("load")
    count = tab.evaluate(COUNT_CONTROLS)
    reached, unseen = set(), {}
    for _ in range(MAX_STEPS):
        tab.keyboard.press("Tab")
        number, element, is_seen, html = tab.evaluate(FOCUS)
        if element == "BODY" or (number == "1" and number in reached):
            break  # once around
        if is_seen:  # the calendar's button in a date field rings itself, not the field
            unseen.pop(number, None)
        elif number not in reached:
            unseen[number] = html
        reached.add(number)
    reached.discard("")
    missing = tab.evaluate(
        "reached => [...document.querySelectorAll('[data-control]')]"
        ".filter(e => !reached.includes(e.dataset.control)).map(e => e.outerHTML.slice(0, 120))",
        sorted(reached),
    )
    assert count > 10
    assert missing == []
    assert unseen == {}


def test_no_key_of_the_inbox_loses_the_focus(tab: Any, service: SampleService) -> None:
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.goto(f"{service.url}/console/forms/{service.form}")
    tab.wait_for_load_state("load")
    places = []
    for key in ("j", "j", "k", "o", "u", "j", "x", "j", "x", "e", "z", "n", "e", "z", "Shift+?", "Escape", "o", "e"):
        with_focus = press(tab, key)
        places.append((key, with_focus))
    assert [place for place in places if place[1] in ("BODY", "HTML")] == []
    assert tab.locator(".submissions li").count() > 0


def press(tab: Any, key: str) -> str:
    """Press a key and wait until what it changes is there; the element that has the focus then."""
    tab.keyboard.press(key)
    tab.wait_for_timeout(50)  # htmx sends its request in a task of its own
    tab.wait_for_selector(".htmx-request", state="detached")
    tab.wait_for_timeout(50)
    return str(tab.evaluate("document.activeElement.tagName"))


def test_the_editor_keeps_the_focus(tab: Any, service: SampleService) -> None:
    tab.goto(f"{service.url}/console/forms/{service.form}/build")
    tab.focus("#new-type")
    press(tab, "Tab")
    press(tab, "Enter")
    tab.wait_for_selector("#cards > li:nth-child(7)")
    tab.wait_for_selector("#cards > li:last-child input:focus")
    tab.keyboard.type("Colour")
    tab.wait_for_selector("#preview >> text=Colour")
    assert tab.evaluate("document.activeElement.value") == "Colour", "the preview does not take it"
    for name, keys in (("up", 1), ("down", 1)):
        tab.focus(f"#cards > li:nth-child(3) [value^='{name}.']")
        for _ in range(keys):
            press(tab, "Enter")
        assert tab.evaluate("document.activeElement.value").startswith(f"{name}.")
    tab.focus("#cards > li:last-child [value^='remove.']")
    press(tab, "Enter")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
    tab.focus("#undo button")
    press(tab, "Enter")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
