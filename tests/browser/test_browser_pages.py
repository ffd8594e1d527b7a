"""Every page of the console and those that visitors see: axe, 320 px, the policy, in both themes.

320 px is also what a window of 1280 px has at 400 % zoom.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import accessibility
from tests.support.accounts import PASSWORD
from tests.support.receiver import receiving
from tests.support.sample_connections import Connections
from tests.support.sample_service import SampleService
from tests.support.stored import OWNER, make_form

pytestmark = pytest.mark.slow

PUBLIC = (
    "/",
    "/nothing",
    "/new-address?token=x",
    "/console/nothing",
    "/signup",
    "/signup/thanks",
    "/signup/resend",
    "/signup/resent",
    "/signup/confirm?token=x",
    "/signup/confirmed",
    "/forgot",
    "/forgot/sent",
    "/reset?token=x",
    "/reset/done",
    "/console/sign-in",
    "/f/{form_id}",
    "/f/{form_id}/thanks?_reference=7K3QX-9FMT2",
    "/f/{closed}",
)


class Pages:
    """A service with everything that a page can show, and a tab of a narrow window."""

    def __init__(self, folder: Path, browser: Any, role: str) -> None:
        self.service = SampleService(folder, role=role, OUTBOUND_ALLOW="127.0.0.1/32")
        with receiving() as receiver:
            self.arguments = Connections(self.service, receiver).arguments
        self.arguments["closed"] = make_form(self.service.app, OWNER, closed=True)
        self.context = browser.new_context(viewport={"width": accessibility.WIDTH, "height": 640})
        self.tab = self.context.new_page()
        self.messages: list[str] = []
        self.tab.on("console", lambda message: self.messages.append(message.text))

    def sign_in(self) -> None:
        self.tab.goto(f"{self.service.url}/console")
        self.tab.fill("[name=email]", OWNER)
        self.tab.fill("[name=password]", PASSWORD)
        self.tab.click("main button")
        self.tab.wait_for_selector("text=Sign out")

    def console_paths(self) -> list[str]:
        """Every page that a GET shows."""
        app = self.service.app
        adapter = app.url_map.bind("127.0.0.1")
        return [
            adapter.build(rule.endpoint, {name: self.arguments[name] for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/console") and "GET" in (rule.methods or ())
        ]

    def problems(self, path: str) -> list[str]:
        """Faults of a page, in words; files are no pages."""
        if not self.context.request.head(self.service.url + path).headers["content-type"].startswith("text/html"):
            return []
        self.messages.clear()
        self.tab.goto(self.service.url + path)
        accessibility.open_details(self.tab)
        problems = accessibility.problems(self.tab)
        return problems + [f"{path} {message}" for message in self.messages if "Content Security Policy" in message]

    def stop(self) -> None:
        self.context.close()
        self.service.stop()


@pytest.fixture(params=["operator"])
def pages(request: pytest.FixtureRequest, tmp_path: Path, browser: Any) -> Iterator[Pages]:
    made = Pages(tmp_path / "pages", browser, request.param)
    yield made
    made.stop()


def test_nothing_is_wrong_with_any_page(pages: Pages) -> None:
    public = [path.format(**pages.arguments) for path in PUBLIC]
    problems = [problem for path in public for problem in pages.problems(path)]
    pages.sign_in()
    paths = pages.console_paths()
    assert len(paths) > 40
    problems += [problem for path in paths for problem in pages.problems(path)]
    assert problems == []
