"""The React hook of `clients/js` in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.npm import bundle, script_client  # noqa: F401 (a fixture)
from tests.support.script_sites import ScriptSite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(script_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptSite]:  # noqa: F811 (the fixture)
    built = tmp_path_factory.mktemp("built")
    bundle(script_client, script_client / "contact.tsx", built / "react.js")
    started = ScriptSite(tmp_path_factory.mktemp("react"), built)
    yield started
    started.close()


def test_the_hook_shows_faults_then_success(page: Any, site: ScriptSite) -> None:
    address = site.address("loose")
    page.goto(f"{site.site.origin}/script/react.html?form={address}")
    page.fill("[name=email]", "no address")
    page.click("button")
    page.locator("#email-error", has_text="Enter an e-mail address").wait_for()
    assert page.get_attribute("[name=email]", "aria-invalid") == "true"
    page.fill("[name=email]", "react@example.com")
    page.click("button")
    page.locator("p", has_text="Thank you.").wait_for()
    (stored,) = site.wait_for("react@example.com", "loose")
    assert page.get_attribute("body", "data-id") == stored["id"]
    assert stored["reference"] in page.inner_text("main")


def test_the_hook_retries_with_one_key(page: Any, site: ScriptSite) -> None:
    address = site.address("loose")
    page.goto(f"{site.site.origin}/script/react.html?form={address}")
    keys: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(address, lose)
    page.fill("[name=email]", "retried@example.com")
    page.click("button")
    page.locator("p", has_text="Not sent yet").wait_for()
    page.locator("p", has_text="Thank you.").wait_for()
    assert len(set(keys)) == 1
    site.wait_for("retried@example.com", "loose")
