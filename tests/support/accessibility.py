"""Accessibility of a page in a browser: axe's rules and the width, in both themes."""

from typing import Any

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

WIDTH = 320
"""Also that of a window of 1280 px at 400 % zoom."""

THEMES: tuple[tuple[str, dict[str, Any]], ...] = (("light", {}), ("dark", {"runOnly": ["color-contrast"]}))
"""A theme changes colours only, so all other rules run once."""

RUN = "options => axe.run(options).then(results => results.violations)"
OPTIONS = {"resultTypes": ["violations"], "preload": False}
"""Only what is wrong is worth handing over; the rules that need the text of style sheets are experimental."""


def problems(page: Any) -> list[str]:
    """Violations in both themes, and how wide the page is if it scrolls sideways in a window of WIDTH."""
    faults = []
    for scheme, rules in THEMES:
        page.emulate_media(color_scheme=scheme)
        if not page.evaluate("'axe' in window"):  # half a megabyte of script, once for both themes
            page.evaluate(axe.Axe().axe_script)
        violations = page.evaluate(RUN, {**OPTIONS, **rules})
        faults += [f"{page.url} ({scheme}) {rule['id']}: {rule['nodes'][0]['html']}" for rule in violations]
    width = page.evaluate("document.documentElement.scrollWidth")
    if page.viewport_size["width"] == WIDTH and width > WIDTH:
        faults.append(f"{page.url} is {width} px wide")
    return faults


def open_details(page: Any) -> None:
    """Show what is folded."""
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
