"""Hosted pages in the owner's colours, and the settings page, in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.forms.test_hosted_pages import EVERY_FIELD
from tests.support import accessibility, servers
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.servers import Server
from tests.support.stored import make_form

pytestmark = pytest.mark.slow

COLORS = ("#ffff00", "#777777", "#000000", "#ffffff")
LOGO = "https://127.0.0.1:1/logo.svg"
"""Nothing is there: a page does without."""

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
THANKS = {"title": LONG, "text": f"مرحبا\n{LONG}", "button_url": "https://shop.example/"}


class Themed:
    """A service with a form in each colour, a closed one and one that is not open yet."""

    def __init__(self, folder: Path) -> None:
        settings = {**QUICK, "LOGIN_RATE_LIMIT": "999/60"}
        with servers.filled(folder, settings) as app:
            make_key(app)
            themes = {color: {"color": color, "logo_url": LOGO} for color in COLORS}
            forms = {
                color: make_form(app, "owner@example.com", EVERY_FIELD, theme=theme, thanks=THANKS)
                for color, theme in themes.items()
            }
            closed = make_form(app, closed=True, closed_text=LONG, theme=themes["#ffff00"])
            early = make_form(app, opens_at="2099-01-01T00:00:00Z", theme=themes["#000000"])
        self.server = Server(folder, settings)
        self.pages = {color: f"{self.server.url}/f/{form}" for color, form in forms.items()}
        self.closed = [f"{self.server.url}/f/{form}" for form in (closed, early)]
        self.settings = f"{self.server.url}/console/forms/{forms['#ffff00']}/settings"


@pytest.fixture(scope="module")
def themed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Themed]:
    served = Themed(tmp_path_factory.mktemp("themed"))
    yield served
    served.server.stop()


def check(page: Any, address: str) -> None:
    """Nothing is wrong with a page, also on a small screen."""
    page.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    page.goto(address)
    assert accessibility.problems(page) == []
    assert [line for line in page.console if "Content Security Policy" in line] == []


@pytest.mark.parametrize("color", COLORS)
def test_axe_finds_no_violation_in_any_colour(page: Any, themed: Themed, color: str) -> None:
    check(page, themed.pages[color])
    red, green, blue = bytes.fromhex(color[1:])
    background = page.evaluate("getComputedStyle(document.querySelector('form button')).backgroundColor")
    assert background == f"rgb({red}, {green}, {blue})"
    check(page, f"{themed.pages[color]}/thanks?_reference=7K3QX-9FMT2")


def test_axe_finds_no_violation_on_a_closed_form(page: Any, themed: Themed) -> None:
    for address in themed.closed:
        check(page, address)


def test_a_logo_that_does_not_load_leaves_the_name(page: Any, themed: Themed) -> None:
    page.goto(themed.pages["#777777"])
    assert page.get_by_role("img", name="Contact").is_visible()
    page.fill("[name=name]", "ann")
    assert page.is_visible("text=Send")


def test_values_from_the_url_are_in_the_controls(page: Any, themed: Themed) -> None:
    page.goto(f"{themed.pages['#777777']}?name=ann&meal=Soup&extras=Wine&extras=Cake&land=de&agree=on&day=2027-01-02")
    assert page.input_value("[name=name]") == "ann"
    assert page.input_value("[name=day]") == "2027-01-02"
    assert page.is_checked("[value=Soup]")
    assert page.locator("[name=extras]:checked").count() == 2
    assert page.input_value("[name=land]") == "de"
    assert not page.is_checked("[name=agree]")


def test_the_settings_are_found_and_saved(page: Any, themed: Themed) -> None:
    page.goto(themed.settings)
    page.fill("#email", "owner@example.com")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(themed.settings)
    check(page, themed.settings)
    picker = page.get_by_label("Pick the colour")
    assert picker.input_value() == "#ffff00"
    page.fill("[id='theme.logo_url']", "http://insecure.example/")
    page.click("text=Save")
    page.wait_for_selector(".faults")
    assert accessibility.problems(page) == []
    page.click(".faults a >> text=Address of your logo")
    page.fill("[id='theme.logo_url']", LOGO)
    page.click("text=Save")
    page.wait_for_url("**/settings?done=saved")
    check(page, themed.settings.replace("/settings", "/delete"))
    page.context.clear_cookies()
