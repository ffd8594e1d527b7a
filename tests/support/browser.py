"""Chromium and its tabs, as fixtures."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
"""Options of Chromium: it runs as root, and silent on the network."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium, without its window where it is installed: half the work."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not path:
        pytest.skip("needs Chromium (apt-get install chromium-headless-shell)")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """Chromium, started once."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs: pip install -e '.[browser]'")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty tab; `page.console` is what was logged in it."""
    opened = browser.new_page()
    opened.console = []
    opened.on("console", lambda message: opened.console.append(message.text))
    yield opened
    opened.close()
