"""The hosted page in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forms_service.accounts import service as accounts
from forms_service.database.transactions import dispose_engine
from forms_service.errors import FieldError
from forms_service.forms import pages, service
from forms_service.forms.cache import get_published_form
from forms_service.forms.schemas import NewForm
from tests.conftest import QUICK
from tests.forms.test_hosted_pages import EVERY_FIELD
from tests.support import accessibility, servers
from tests.support.servers import Server

pytestmark = pytest.mark.slow

MISTAKES = {
    "email": [FieldError("Enter an e-mail address such as ann@example.com.", "invalid_email")],
    "land": [FieldError("This field is required.", "blank")],
    "meal": [FieldError("This field is required.", "required")],
    "extras": [FieldError("Choose only from the options.", "not_a_choice")],
    "agree": [FieldError("Tick this box to continue.", "required")],
}


class Hosted:
    """A service with a form of every field, the page of that form when it was refused, and a closed one."""

    def __init__(self, folder: Path) -> None:
        app = servers.build_app(folder, QUICK)
        with app.test_request_context("/"), dispose_engine():
            person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
            owner = accounts.create(person, role="owner", status="active").id
            full = service.create(NewForm().load({"name": "Party", "fields": EVERY_FIELD}), owner)["id"]
            closed = service.create(NewForm().load({"name": "Raffle", "settings": {"closed": True}}), owner)["id"]
            self.refused = pages.render_hosted(
                get_published_form(full), 422, MISTAKES, pages.PreviousAttempt({"email": "ann"})
            ).get_data(as_text=True)
        self.server = Server(folder, QUICK)
        self.form = f"{self.server.url}/f/{full}"
        self.closed = f"{self.server.url}/f/{closed}"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    pages_server = Hosted(tmp_path_factory.mktemp("hosted"))
    yield pages_server
    pages_server.server.stop()


def show_refused(page: Any, hosted: Hosted) -> None:
    """The page as it is after a mistake."""
    page.route(hosted.form, lambda route: route.fulfill(status=422, content_type="text/html", body=hosted.refused))
    page.goto(hosted.form)


def test_nothing_is_wrong_with_a_form_that_shows_mistakes(page: Any, hosted: Hosted) -> None:
    page.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    show_refused(page, hosted)
    assert accessibility.problems(page) == []


def test_the_honeypot_is_invisible_and_not_focusable(page: Any, hosted: Hosted) -> None:
    page.goto(hosted.form)
    box = page.locator("[name=_gotcha]").bounding_box()
    assert box is None or box["x"] + box["width"] < 0
    page.focus("[name=name]")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
    assert "_gotcha" not in reached
    assert {"email", "land", "meal", "extras", "cv", "message", "agree", "BUTTON"} <= set(reached)


def test_the_summary_links_to_the_field(page: Any, hosted: Hosted) -> None:
    show_refused(page, hosted)
    page.click("[role=alert] a >> text=email")
    assert page.evaluate("location.hash") == "#field-2"
    assert page.evaluate("document.querySelector('#field-11-1').name") == "meal"


def test_browsers_enforce_the_rules(page: Any, hosted: Hosted) -> None:
    page.goto(hosted.form)
    page.fill("[name=name]", "UPPER")
    page.fill("[name=guests]", "13")
    page.fill("[name=day]", "2025-12-31")
    invalid = page.evaluate("[...document.querySelectorAll(':invalid')].map(found => found.name)")
    assert {"name", "guests", "day", "land", "meal", "agree"} <= set(invalid)
    assert "email" not in invalid
    assert [line for line in page.console if "Pattern attribute" in line or "Policy" in line] == []
