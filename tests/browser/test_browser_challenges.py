"""The ALTCHA puzzle in a browser, under the CSP of the page."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forms_service.accounts import service as accounts
from forms_service.database.transactions import dispose_engine
from forms_service.forms import service
from forms_service.forms.schemas import NewForm
from tests.conftest import QUICK
from tests.support import servers
from tests.support.servers import Server

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

TOKEN = "document.querySelector('input[name=altcha]')?.value ?? ''"
FORM = {"name": "Contact", "fields": [{"name": "note", "type": "text", "label": "Note"}], "settings": {}}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a form that sets puzzles."""
    folder: Path = tmp_path_factory.mktemp("puzzles")
    app = servers.build_app(folder, QUICK)
    with app.test_request_context("/"), dispose_engine():
        person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
        owner = accounts.create(person, role="owner", status="active").id
        form_id = service.create(NewForm().load({**FORM, "settings": {"challenge": "altcha"}}), owner)["id"]
    server = Server(folder, QUICK)
    yield f"{server.url}/f/{form_id}"
    server.stop()


def test_a_puzzle_is_solved_automatically_and_the_form_submitted(page: Any, address: str) -> None:
    page.goto(address)
    page.fill("[name=note]", "Hello")
    until = time.monotonic() + 30
    while not page.evaluate(TOKEN) and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert len(page.evaluate(TOKEN)) > 100, page.console
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.click("text=Send")
    page.wait_for_url("**/thanks?_reference=*", timeout=30_000)
    assert page.console == []


def test_without_a_script_the_page_says_what_it_needs(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(address)
    assert "requires JavaScript" in opened.inner_text("main")
    context.close()
