"""A hosted page in a browser of another language, with the words of its scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forms_service.database.transactions import dispose_engine
from tests.conftest import QUICK
from tests.support import servers
from tests.support.servers import Server
from tests.support.translations import left_in_english
from tests.support.visitors import form_for

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

WORDS = {"de": ("Geprüft", "Geschützt durch"), "fr": ("Vérifié", "Protégé par"), "es": ("Comprobado", "Protegido por")}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a form that sets puzzles."""
    folder: Path = tmp_path_factory.mktemp("languages")
    app = servers.build_app(folder, QUICK)
    with app.app_context(), dispose_engine():
        form_id = form_for(app, name="F", challenge="altcha")
    server = Server(folder, QUICK)
    yield f"{server.url}/f/{form_id}"
    server.stop()


@pytest.mark.parametrize("language", WORDS)
def test_a_page_with_a_puzzle_is_in_the_browsers_language(browser: Any, address: str, language: str) -> None:
    context = browser.new_context(locale=f"{language}-{language.upper()}")
    page = context.new_page()
    page.goto(address)
    widget = page.locator("altcha-widget")
    widget.get_by_text(WORDS[language][0], exact=True).wait_for(timeout=30_000)
    assert WORDS[language][1] in widget.inner_text()
    assert "Verif" not in widget.inner_text()
    assert left_in_english(page.inner_text("body"), language) == []
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    context.close()
