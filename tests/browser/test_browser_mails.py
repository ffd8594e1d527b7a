"""Mails as a browser shows them, which is how most mail programs do."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.support.mail_kinds import KINDS
from tests.support.sample_mails import (
    LONG_WORD,
    account_html,
    digest_html,
    rendered_html,
    sample_app,
    sample_html,
)

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
"""Not the advice for whole pages, such as landmarks."""

OF_KINDS = ("opt_in", "recipient_digest", "replies_off", "reply")
"""Each with a layout of its own; the others are paragraphs."""

UNSUBSCRIBE = "https://forms.example.com/unsubscribe?token=" + "x" * 43


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with sample_app(tmp_path_factory.mktemp("mails")) as app:
        yield app


@pytest.fixture(scope="module")
def mails(app: Flask) -> dict[str, str]:
    """Name → HTML."""
    return {
        "full": sample_html(app, unsubscribe_url=UNSUBSCRIBE),
        "summary": sample_html(app, content="summary", files="attach"),
        "none": sample_html(app, content="none", unsubscribe_url=UNSUBSCRIBE),
        "digest": digest_html(app),
        "account": account_html(app),
        **{kind: rendered_html(app, kind, KINDS[kind]) for kind in OF_KINDS},
    }


@pytest.mark.parametrize("name", ["full", "summary", "none", "digest", "account", *OF_KINDS])
def test_a_mail_is_readable_on_a_phone_and_fetches_and_runs_nothing(
    page: Any, mails: dict[str, str], name: str
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_viewport_size({"width": 320, "height": 640})
    page.set_content(mails[name])
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    widest = "Math.max(...[...document.querySelectorAll('p, h1, a, td')].map(e => e.getBoundingClientRect().right))"
    assert page.evaluate(widest) <= 320
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        results = axe.Axe().run(page, options=RULES)
        assert results.violations_count == 0, results.generate_report()
        assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}
        assert "color-contrast" not in {rule["id"] for rule in results.response["incomplete"]}
    assert requests == []
    assert page.console == []


def test_dark_screens_get_a_dark_mail(page: Any, mails: dict[str, str]) -> None:
    background = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    shades = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.set_content(mails["full"])
        shades.append(page.evaluate(background))
    assert shades == ["rgb(255, 255, 255)", "rgb(30, 34, 38)"]


def test_a_value_reads_as_typed(page: Any, mails: dict[str, str]) -> None:
    page.set_content(mails["full"])
    text = page.inner_text("body")
    assert "<script>alert(1)</script> {{7*7}} {name} <img src=x> &amp; <b>bold</b>" in text
    assert "Dear team,\n\nI hope for\n  - letters that last\n  - ink\n\nHubert" in text
    assert LONG_WORD * 2 in text
