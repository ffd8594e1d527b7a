"""The script for sites in a browser, at another origin under a strict policy with Trusted Types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.definitions import PDF
from tests.support.script_sites import ScriptSite

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs: pip install -e '.[browser]'")

pytestmark = pytest.mark.slow

STATUS = "form .forms-service-status"
EVENTS = """() => {
    window.events = [];
    for (const name of ["success", "error"]) {
        addEventListener(`forms-service:${name}`, (event) => window.events.push([name, event.detail]));
    }
}"""
SENT = "Thank you. Your submission has been received."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptSite]:
    started = ScriptSite(tmp_path_factory.mktemp("scripts"))
    yield started
    started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab of a new browser, since what waits to be sent is kept in its session."""
    context = browser.new_context()
    page = context.new_page()
    page.console = []
    page.on("console", lambda message: page.console.append(message.text))
    yield page
    context.close()


def fill(tab: Any, email: str, name: str = "Ann") -> None:
    tab.fill("[name=name]", name)
    tab.fill("[name=email]", email)


def wait_for_status(tab: Any, text: str) -> None:
    tab.locator(STATUS, has_text=text).first.wait_for(timeout=9_000)


@pytest.mark.parametrize("form", ["any", "listed"])
def test_a_form_is_sent_without_leaving_the_page(tab: Any, site: ScriptSite, form: str, tmp_path: Path) -> None:
    (tmp_path / "cv.pdf").write_bytes(PDF)
    site.open(tab, "contact.html", form)
    tab.evaluate(EVENTS)
    email = f"sent-{form}@example.com"
    fill(tab, email)
    tab.check("text=Sales")
    tab.check("text=Support")
    tab.set_input_files("[name=cv]", str(tmp_path / "cv.pdf"))
    tab.click("button")
    wait_for_status(tab, SENT)
    (stored,) = site.wait_for(email, form)
    assert stored["data"]["topics"] == ["sales", "support"]
    assert [file["name"] for file in stored["files"]] == ["cv.pdf"]
    assert set(stored["spam_reasons"]) <= {"too_fast"}  # the signed time was sent
    ((name, detail),) = tab.evaluate("window.events")
    assert (name, detail["data"]["id"]) == ("success", stored["id"])
    assert tab.input_value("[name=email]") == ""
    assert tab.evaluate("document.activeElement.className") == "forms-service-status"
    assert tab.console == []


def test_errors_stand_beside_their_fields_until_they_are_corrected(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    tab.evaluate(EVENTS)
    fill(tab, "no address")
    tab.click("button")
    wait_for_status(tab, "Some answers need to be corrected.")
    assert tab.get_attribute("[name=email]", "aria-invalid") == "true"
    note = tab.get_attribute("[name=email]", "aria-describedby")
    assert "Enter an e-mail address" in tab.inner_text(f"#{note}")
    assert tab.evaluate("document.activeElement.name") == "email"
    assert tab.evaluate("window.events[0][1].codes") == {"email": ["invalid_email"]}
    assert axe.Axe().run(tab).violations_count == 0
    fill(tab, "corrected@example.com")
    tab.keyboard.press("Enter")
    wait_for_status(tab, SENT)
    assert tab.get_attribute("[name=email]", "aria-invalid") is None
    assert tab.locator(".forms-service-error").count() == 0
    site.wait_for("corrected@example.com")


def test_two_clicks_send_once(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    posts: list[str] = []
    tab.on("request", lambda request: posts.append(request.method) if request.method == "POST" else None)
    fill(tab, "twice@example.com")
    tab.evaluate("document.querySelector('button').click(); document.querySelector('button').click()")
    assert tab.get_attribute("button", "aria-disabled") == "true"
    wait_for_status(tab, SENT)
    assert posts == ["POST"]
    assert tab.get_attribute("button", "aria-disabled") is None


def test_a_lost_answer_is_fetched_again_and_stored_once(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    keys: list[str] = []

    def lose(route: Any) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # it arrives, its answer does not
            route.abort()
        else:
            route.continue_()

    tab.route(site.address("any"), lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    fill(tab, "lost@example.com")
    tab.click("button")
    wait_for_status(tab, "Not sent yet: there is no connection.")
    assert tab.input_value("[name=email]") == "lost@example.com"
    wait_for_status(tab, SENT)
    assert len(keys) == 2
    assert len(set(keys)) == 1
    site.wait_for("lost@example.com")


def test_what_is_not_sent_survives_a_reload(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    lost: list[str] = []
    sent: list[str] = []
    navigated: list[bool] = []

    def lose_before_the_reload(route: Any) -> None:
        keys = sent if navigated else lost
        keys.append(route.request.headers["idempotency-key"])
        route.continue_() if navigated else route.abort()

    def handle(route: Any) -> None:
        lose_before_the_reload(route) if route.request.method == "POST" else route.continue_()

    tab.route(site.address("any"), handle)
    fill(tab, "reloaded@example.com")
    tab.click("button")
    wait_for_status(tab, "Not sent yet")
    tab.once("framenavigated", lambda _: navigated.append(True))
    tab.reload()
    wait_for_status(tab, SENT)
    assert len(sent) == 1
    assert set(lost) == set(sent)
    site.wait_for("reloaded@example.com")
    assert tab.evaluate("sessionStorage.length") == 0


def test_the_connection_comes_back(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    fill(tab, "online@example.com")
    tab.context.set_offline(True)
    tab.click("button")
    wait_for_status(tab, "Not sent yet")
    tab.context.set_offline(False)
    wait_for_status(tab, SENT)
    site.wait_for("online@example.com")


def test_retry_after_is_obeyed(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    answers = [429]

    def limit(route: Any) -> None:
        if route.request.method == "POST" and answers:
            headers = {
                "Retry-After": "3",
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
            }
            route.fulfill(status=answers.pop(), headers=headers, body='{"success": false, "message": "Too many"}')
        else:
            route.continue_()

    tab.route(site.address("any"), limit)
    fill(tab, "limited@example.com")
    tab.click("button")
    wait_for_status(tab, "Not sent yet: the service is busy. Trying again in 3 s.")
    tab.click("button")  # no way around it
    tab.wait_for_timeout(1500)
    assert site.stored("any")[0]["data"]["email"] != "limited@example.com"
    wait_for_status(tab, SENT)
    site.wait_for("limited@example.com")


def test_altcha_is_solved(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html", "altcha")
    for number in (1, 2):  # a challenge serves once
        fill(tab, f"solved-{number}@example.com")
        tab.click("button")
        wait_for_status(tab, SENT)
        site.wait_for(f"solved-{number}@example.com", "altcha")
    assert tab.console == []


def test_a_redirect_field_leads_on(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html", next="/plain.html")
    fill(tab, "redirected@example.com")
    tab.click("button")
    tab.wait_for_url(f"{site.site.origin}/plain.html")


def test_a_site_that_is_not_allowed_is_told_so(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html", "others")
    fill(tab, "refused@example.com")
    tab.click("button")
    wait_for_status(tab, "does not accept submissions from this site")
    assert site.stored("others") == []
    assert tab.input_value("[name=email]") == "refused@example.com"


def test_a_form_added_later_is_served_too_and_a_listener_may_take_over(tab: Any, site: ScriptSite) -> None:
    site.open(tab, "contact.html")
    tab.evaluate(
        """() => {
            const form = document.querySelector("form");
            const copy = form.cloneNode(true);
            copy.querySelector(".forms-service-status").remove();
            form.replaceWith(copy);
            copy.addEventListener("forms-service:success", (event) => {
                event.preventDefault();
                document.querySelector("h1").textContent = event.detail.data.reference;
            });
        }"""
    )
    fill(tab, "later@example.com")
    tab.click("button")
    tab.locator("h1", has_text="-").wait_for()
    (stored,) = site.wait_for("later@example.com")
    assert tab.inner_text("h1") == stored["reference"]
    assert tab.input_value("[name=email]") == "later@example.com"


def test_a_form_is_put_into_a_page(tab: Any, site: ScriptSite, tmp_path: Path) -> None:
    (tmp_path / "cv.pdf").write_bytes(PDF)
    site.open(tab, "embedded.html", closed=site.address("closed"), closed_id=site.forms["closed"])
    tab.locator("form").nth(1).wait_for()
    assert tab.inner_text("[data-form] >> nth=2") == "This form is closed and no longer accepts submissions."
    first = tab.locator("form").first
    assert first.locator("a").get_attribute("href") == "https://a.example/"
    first.get_by_label("Your name").fill("Ann")
    first.get_by_label("E-mail").fill("embedded@example.com")
    first.get_by_label("support").check()
    first.get_by_label("CV").set_input_files(str(tmp_path / "cv.pdf"))
    first.locator("button").click()
    wait_for_status(tab, SENT)
    (stored,) = site.wait_for("embedded@example.com")
    assert (stored["data"]["topics"], len(stored["files"])) == (["support"], 1)
    assert [line for line in tab.console if "404" not in line] == []
    results = axe.Axe().run(tab)  # after the console is read: it adds a style of its own
    assert results.violations_count == 0, results.generate_report()
