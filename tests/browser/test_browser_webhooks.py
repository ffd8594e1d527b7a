"""Recipients and webhooks in a browser, with JavaScript and without: added, tried, and why one failed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.receiver import Receiver, Reply, receiving
from tests.support.servers import Server
from tests.support.stored import OWNER, make_form

pytestmark = pytest.mark.slow

FIELDS = [
    {"name": "name", "type": "text", "label": "Your name"},
    {"name": "topic", "type": "select", "label": "Topic", "choices": ["Sales", "Support"]},
    {"name": "الاسم", "type": "text", "label": "الاسم الكامل"},
]
SETTINGS = {**QUICK, "LOGIN_RATE_LIMIT": "999/60", "OUTBOUND_ALLOW": "127.0.0.1/32"}
LONG = "x" * 1900


class Place:
    """A service with a form, and an endpoint that is full."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        with servers.filled(folder, SETTINGS) as app:
            make_key(app)
            self.form = make_form(app, OWNER, FIELDS)
        self.server, self.receiver = Server(folder, SETTINGS), receiver
        self.url = f"{self.server.url}/console/forms/{self.form}"
        receiver.reply = Reply(500, body=b"the queue is full")

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have reached the endpoint."""
        deadline = time.monotonic() + 20
        while len(self.receiver.received) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(self.receiver.received) >= count


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with receiving() as receiver:
        place = Place(tmp_path_factory.mktemp("webhooks"), receiver)
        yield place
        place.server.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def tab(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A tab of a new browser, with JavaScript and without."""
    context = browser.new_context(java_script_enabled=request.param)
    context.has_scripts = request.param
    yield context.new_page()
    context.close()


def sign_in(tab: Any) -> None:
    tab.fill("[name=email]", OWNER)
    tab.fill("[name=password]", PASSWORD)
    tab.click("main button")


def test_a_walk_from_a_recipient_to_why_a_webhook_failed(tab: Any, place: Place) -> None:
    tab.goto(place.url)
    sign_in(tab)
    tab.click("text=Notifications")
    tab.click("text=Add a recipient")
    address = f"sales-{int(tab.context.has_scripts)}@example.com"
    tab.fill("[name=email]", address)
    tab.select_option("[name='when.0.field']", "topic")
    tab.fill("[name='when.0.value']", "Sales")
    if tab.context.has_scripts:
        tab.click("text=Add a condition")
        assert tab.evaluate("document.activeElement.name") == "when.1.field"
    tab.select_option("[name='when.1.field']", "الاسم")
    tab.fill("[name='when.1.value']", "محمد")
    tab.click("main form button:text-is('Add')")
    item = tab.locator(".entries li", has_text=address)
    assert "waiting for the click in the mail" in item.inner_text()
    assert "Topic is “Sales” and الاسم الكامل is “محمد”" in item.inner_text()

    name = f"CRM {int(tab.context.has_scripts)}"
    tab.click("text=Webhooks")
    tab.click("text=Make a webhook")
    assert not tab.is_visible("[name=template]")
    tab.fill("[name=url]", place.receiver.url(f"/hook/{LONG}"))
    tab.fill("[name=description]", name)
    tab.click("text=Make the webhook")
    assert tab.inner_text("#secret").startswith("whsec_")
    tab.click("text=Go on to the webhook")
    assert "whsec_" not in tab.content()
    before = len(place.receiver.received)
    tab.click("text=Send a test")
    tab.wait_for_selector("text=500 the queue is full", timeout=20_000)
    assert "Test failed" in tab.inner_text("#test")
    place.wait_for(before + 1)

    assert place.server.post(f"/f/{place.form}", json={"name": name, "topic": "Sales"}).status_code == 200
    place.wait_for(before + 2)
    time.sleep(0.5)  # the attempt is recorded after the answer
    tab.goto(f"{place.server.url}/console")
    tab.click(f"a[href$='/console/forms/{place.form}']")
    tab.click("text=Webhooks")
    assert "500 the queue is full" in tab.locator(".entries li", has_text=name).inner_text()


PAGES = (
    "/notifications",
    "/notifications/recipients/new",
    "/webhooks",
    "/webhooks/new",
    "/webhooks/sample",
    "/deliveries",
    "/webhooks/{webhook}",
    "/webhooks/{webhook}/change",
)


@pytest.fixture(scope="module")
def inside(browser: Any, place: Place) -> Iterator[Any]:
    """A tab where the owner is signed in, with a webhook that has failed."""
    context = browser.new_context()
    tab = context.new_page()
    tab.console = []
    tab.on("console", lambda message: tab.console.append(message.text))
    tab.goto(f"{place.url}/webhooks/new")
    sign_in(tab)
    tab.fill("[name=url]", place.receiver.url(f"/hook/{LONG}"))
    tab.fill("[name='headers.0.name']", "X-Api-Key")
    tab.fill("[name='headers.0.value']", "s3cret")
    tab.click("text=Make the webhook")
    tab.click("text=Go on to the webhook")
    tab.webhook = tab.url.rpartition("/")[2]
    tab.click("text=Send a test")
    tab.wait_for_selector("text=500 the queue is full", timeout=20_000)
    yield tab
    context.close()


def test_long_urls_and_answers_do_not_scroll_sideways(inside: Any, place: Place) -> None:
    inside.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    for path in PAGES:
        inside.goto(place.url + path.format(webhook=inside.webhook))
        accessibility.open_details(inside)
        assert inside.evaluate("document.documentElement.scrollWidth") <= accessibility.WIDTH
    assert [line for line in inside.console if "Content Security Policy" in line] == []
