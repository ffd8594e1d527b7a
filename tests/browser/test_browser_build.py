"""The editor of forms in a browser, with JavaScript and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.servers import Server
from tests.support.stored import OWNER, make_form

pytestmark = pytest.mark.slow

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
FIELDS = [
    {"name": "name", "type": "text", "label": "Name"},
    {"name": "email", "type": "email", "label": "Email", "required": True},
    {"name": "size", "type": "select", "label": "الحجم", "choices": ["صغير", {"value": "l", "label": "大きい"}]},
    {"name": "consent", "type": "consent", "label": f"{LONG_WORD} [privacy](https://www.example.com/)"},
]


class Site:
    """A service; each test makes a form of its own."""

    def __init__(self, folder: Path) -> None:
        settings = {**QUICK, "LOGIN_RATE_LIMIT": "999/60", "RATE_LIMIT_ENABLED": "false"}
        with servers.filled(folder, settings) as app:
            self.key = make_key(app)
            self.forms = [make_form(app, OWNER, FIELDS) for _ in range(8)]
        self.server = Server(folder, settings)

    def fields(self, form: str) -> list[dict[str, Any]]:
        return list(self.server.get(f"/api/forms/{form}", headers=self.key).json()["data"]["fields"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    served = Site(tmp_path_factory.mktemp("build"))
    yield served
    served.server.stop()


def open_editor(tab: Any, site: Site) -> str:
    """Sign in and open the editor of a form that no test had yet."""
    form = site.forms.pop()
    tab.goto(f"{site.server.url}/console/forms/{form}/build")
    tab.fill("[name=email]", OWNER)
    tab.fill("[name=password]", PASSWORD)
    tab.click("main button")
    tab.wait_for_selector("#builder")
    return form


def labels(tab: Any) -> list[str]:
    return [text[:5] for text in tab.locator(".card-label").all_inner_texts()]


def test_fields_are_edited_without_scripts(browser: Any, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    form = open_editor(tab, site)
    tab.click("text=Name >> nth=0")
    tab.click("[aria-label='Move Email down']")
    assert labels(tab)[:3] == ["Name", "الحجم", "Email"]
    tab.click(".card:has-text('Email') summary >> nth=0")
    tab.fill("#f-1-label", "Address")
    tab.select_option("#f-1-type", "tel")
    tab.click("button[value='type.1']")
    tab.click("[aria-label='Remove Name']")
    tab.click("button[value=preview]")
    assert tab.inner_text("#preview label >> nth=1") == "Address *"
    tab.click(".save-bar button:text('Save')")
    assert tab.inner_text(".notice >> nth=0") == "Saved."
    assert [(field["label"][:7], field["type"]) for field in site.fields(form)] == [
        ("الحجم", "select"),
        ("Address", "tel"),
        (LONG_WORD[:7], "consent"),
    ]
    context.close()


def test_fields_are_moved_by_keys_and_pointer_and_the_moves_announced(page: Any, site: Site) -> None:
    form = open_editor(page, site)
    grip = page.locator(".card:has-text('Email') .grip")
    grip.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_selector("#announcer:text-is('Email moved to position 1 of 4')", state="attached")
    page.keyboard.press("End")
    page.wait_for_selector("#announcer:text-is('Email moved to position 4 of 4')", state="attached")
    assert "Email" in page.evaluate("document.activeElement.ariaLabel")
    assert labels(page) == ["Name", "الحجم", LONG_WORD[:5], "Email"]
    start, end = grip.bounding_box(), page.locator(".card >> nth=1").bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 8, end["y"] + 4, steps=10)
    page.mouse.up()
    assert labels(page) == ["Name", "Email", "الحجم", LONG_WORD[:5]]
    page.click(".save-bar button")
    page.wait_for_selector(".notice:text('Saved.')")
    assert [field["name"] for field in site.fields(form)] == ["name", "email", "size", "consent"]
    assert [line for line in page.console if "Content Security Policy" in line] == []


def test_the_preview_follows_and_a_new_field_gets_the_focus(page: Any, site: Site) -> None:
    form = open_editor(page, site)
    page.click(".card summary >> nth=0")
    page.fill("#f-0-label", "Full name")
    page.wait_for_selector("#preview label:text('Full name')")
    page.select_option("#new-type", "radio")
    page.click("button:text('Add field')")
    page.wait_for_selector("#f-n1-label:focus")
    page.keyboard.type("Colour")
    page.select_option("#f-n1-type", "multiselect")
    page.wait_for_selector("#f-n1-type:focus")
    page.fill("#f-n1-choices", "Red | r\nBlue")
    page.wait_for_selector("#preview fieldset:has-text('Colour') >> text=Blue")
    page.click("[aria-label='Remove Email']")
    page.wait_for_selector("#preview:not(:has(label:text('Email')))")
    page.click("#undo button")
    page.wait_for_selector("#preview label:text('Email')")
    page.click(".save-bar button")
    page.wait_for_selector(".notice:text('Saved.')")
    fields = site.fields(form)
    assert [field["name"] for field in fields] == ["name", "email", "size", "consent", "colour"]
    assert fields[4]["choices"] == [{"value": "r", "label": "Red"}, "Blue"]
    assert [line for line in page.console if "Content Security Policy" in line] == []


def test_leaving_with_unsaved_edits_warns(page: Any, site: Site) -> None:
    open_editor(page, site)
    warnings: list[str] = []
    page.on("dialog", lambda dialog: (warnings.append(dialog.type), dialog.accept()))
    page.click("nav[aria-label=Form] >> text=Inbox")
    page.wait_for_url("**/forms/*")
    page.go_back()
    page.fill("#form-name", "Other")
    page.click("nav[aria-label=Form] >> text=Inbox")
    page.wait_for_url(lambda url: "/build" not in url)
    assert warnings == ["beforeunload"]


def test_nothing_is_wrong_with_an_editor_that_shows_errors(page: Any, site: Site) -> None:
    page.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    open_editor(page, site)
    accessibility.open_details(page)
    page.fill("#f-0-pattern", "(")
    page.click(".save-bar button")
    page.wait_for_selector(".summary:focus")
    assert accessibility.problems(page) == []
    page.context.clear_cookies()
