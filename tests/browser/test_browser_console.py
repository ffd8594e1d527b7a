"""The console in a browser, with JavaScript and without: from a mail's link to the submission, and its looks."""

import re
import time
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.definitions import PDF
from tests.support.servers import Server
from tests.support.stored import OWNER, attach, make_form, submit

pytestmark = pytest.mark.slow

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
DATA = {
    "name": "Ann Example",
    "email": "ann@example.com",
    "message": f"Hello,\n\nI have a question.\n{LONG_WORD}",
    "markup": "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">",
    "الاسم": "محمد بن عبد الله",
}


class Console:
    """A service with a form and its submissions; each test that signs in is another browser."""

    def __init__(self, folder: Path) -> None:
        settings = {**QUICK, "LOGIN_RATE_LIMIT": "999/60"}
        with servers.filled(folder, settings) as app:
            make_key(app)
            self.form = make_form(app)
            self.submission = submit(app, self.form, DATA)
            attach(app, self.submission, f"{LONG_WORD}.pdf", PDF)
            submit(app, self.form, {"message": "Buy"}, status="spam", spam_reasons="honeypot links")
        self.server = Server(folder, settings)
        self.url = f"{self.server.url}/console"

    def link_in_mail(self, pattern: str) -> str:
        """A link of the newest mail, once it is written to its file."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for file in sorted(self.server.folder.rglob("outbox/*-submission-*.eml"), reverse=True):
                text = message_from_string(file.read_text(), policy=default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
                return self.server.url + re.findall(rf"http://[^/]+({pattern})\n", text)[0]
            time.sleep(0.1)
        raise AssertionError("no mail came")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    served = Console(tmp_path_factory.mktemp("console"))
    yield served
    served.server.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def tab(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A tab of a new browser, with JavaScript and without."""
    context = browser.new_context(java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def sign_in(page: Any) -> None:
    page.fill("[name=email]", OWNER)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")


def test_a_link_of_a_mail_leads_to_the_submission_through_the_sign_in(tab: Any, console: Console) -> None:
    body = {"name": "Zoë", "message": "From the mail"}
    assert console.server.post(f"/f/{console.form}", json=body).status_code == 200
    tab.goto(console.link_in_mail("/console/submissions/[0-9a-f-]+"))
    assert tab.inner_text("h1") == "Sign in"
    sign_in(tab)
    assert tab.inner_text("#detail h2").startswith("Submission ")
    assert "From the mail" in tab.inner_text("dl.values")
    address = tab.url
    tab.goto("about:blank")
    tab.goto(address)  # one click, once signed in
    assert "From the mail" in tab.inner_text("dl.values")


def test_a_link_to_a_file_leads_to_its_download(tab: Any, console: Console) -> None:
    tab.goto(f"{console.url}/submissions/{console.submission}/files/1")
    with tab.expect_download() as download:
        sign_in(tab)
    assert Path(download.value.path()).read_bytes() == PDF
    assert tab.inner_text("#detail h2").startswith("Submission ")


def test_buttons_work_and_the_last_one_asks_before_it_deletes(tab: Any, console: Console) -> None:
    assert console.server.post(f"/f/{console.form}", json={"message": "To be deleted"}).status_code == 200
    tab.goto(f"{console.url}/forms/{console.form}")
    sign_in(tab)
    tab.click(".submissions a")
    tab.click("#detail >> text=Archive")
    tab.click(".undo button")
    tab.wait_for_selector("text=Undone.")
    tab.click(".submissions a:has-text('To be deleted')")
    tab.wait_for_selector("#detail .values")
    assert not tab.is_visible("#detail >> text=Delete permanently")
    tab.click("#detail >> text=Delete…")
    tab.click("#detail >> text=Delete permanently")
    tab.wait_for_selector("text=Deleted.")
    assert tab.inner_text("h1") == "Contact"
    assert "To be deleted" not in tab.inner_text("main")
    tab.click("text=Sign out")
    assert tab.inner_text("h1") == "Sign in"
    tab.goto(f"{console.url}/forms/{console.form}")
    assert tab.inner_text("h1") == "Sign in"


@pytest.fixture
def inside(page: Any, console: Console) -> Any:
    """A tab where the owner is signed in."""
    page.goto(console.url)
    sign_in(page)
    page.wait_for_url(console.url)
    yield page
    page.context.clear_cookies()


def test_nothing_is_wrong_with_what_a_query_shows(inside: Any, console: Console) -> None:
    inside.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    for query in ("share?way=link", "share?way=react", "?status=spam"):
        inside.goto(f"{console.url}/forms/{console.form}/{query}".replace("/?", "?"))
        accessibility.open_details(inside)
        assert accessibility.problems(inside) == []
    assert [line for line in inside.console if "Content Security Policy" in line] == []


def test_on_a_phone_the_tabs_are_one_line_with_the_current_one_in_sight(inside: Any, console: Console) -> None:
    inside.set_viewport_size({"width": 320, "height": 640})
    inside.goto(f"{console.url}/forms/{console.form}/settings")
    bar = inside.get_by_role("navigation", name="Form", exact=True)
    assert bar.bounding_box()["height"] < 60
    box = bar.locator("[aria-current]").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


def test_on_a_phone_the_list_of_forms_shows_everything_without_scrolling_sideways(
    inside: Any, console: Console
) -> None:
    inside.set_viewport_size({"width": 320, "height": 640})
    inside.goto(console.url)
    assert inside.evaluate(
        "document.querySelector('.scroll').scrollWidth <= document.querySelector('.scroll').clientWidth"
    )
    assert inside.locator(".forms tbody").get_by_text("open", exact=True).is_visible()


def test_injected_markup_with_htmx_attributes_does_nothing(inside: Any) -> None:
    """Even if a template let somebody's markup through."""
    requests: list[str] = []
    inside.on("request", lambda request: requests.append(request.url))
    inside.evaluate(
        """() => {
          const link = document.createElement("a");
          for (const [name, value] of [["hx-get", "/console?stolen"], ["hx-trigger", "load, click"], ["id", "evil"]])
            link.setAttribute(name, value);
          link.textContent = "Click";
          document.querySelector("main").append(link);
          htmx.process(link);
        }"""
    )
    inside.click("#evil")
    inside.wait_for_timeout(300)
    assert not [url for url in requests if "stolen" in url]
    assert inside.get_attribute("#evil", "hx-get") is None, "its attributes are stripped"
