"""Sign-up from another site and our own pages in a browser, checked with axe."""

import re
import time
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import accessibility
from tests.support.servers import Server
from tests.support.websites import Site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="module")
def service(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {**QUICK, "CORS_ORIGINS": site.origin, "SIGNUP_RATE_LIMIT": "99/60"}
    server = Server(tmp_path_factory.mktemp("service"), settings)
    site.values["service"] = server.url
    yield server
    server.stop()


def fill(page: Any, **values: str) -> None:
    values = {
        "first_name": "Ann",
        "last_name": "Example",
        "email": "ann@example.com",
        "password": "Correct-horse-7",
        **values,
    }
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.click("button")


def test_a_plain_form_of_another_site_ends_on_our_page(page: Any, site: Site, service: Server) -> None:
    page.goto(f"{site.origin}/plain.html")
    fill(page)
    page.wait_for_url(f"{service.url}/signup/thanks")
    assert page.inner_text("h1") == "Thank you for signing up"


def test_an_error_redisplays_the_form_on_our_page(page: Any, site: Site, service: Server) -> None:
    page.goto(f"{site.origin}/plain.html")
    fill(page, email="not an address", first_name='"><script>document.title="broken"</script>')
    page.wait_for_selector("[role=alert]")
    assert "broken" not in page.title()
    assert page.input_value("[name=email]") == "not an address"
    assert page.input_value("[name=password]") == ""
    assert page.get_attribute("[name=email]", "aria-invalid") == "true"
    fill(page, email="bob@example.com")
    page.wait_for_url(f"{service.url}/signup/thanks")


def test_scripts_of_a_listed_site_read_responses(page: Any, site: Site, service: Server) -> None:
    page.goto(f"{site.origin}/fetch.html")
    fill(page, email="carol@example.com")
    page.wait_for_function("document.querySelector('output').textContent.startsWith('201')")
    assert '"status":"pending"' in page.inner_text("output")
    fill(page, email="carol@localhost")
    page.wait_for_function("document.querySelector('output').textContent.startsWith('422')")
    assert '{"email":["invalid_email"]}' in page.inner_text("output")
    assert "left" in page.inner_text("output")
    assert "null left" not in page.inner_text("output")


def test_scripts_of_other_sites_read_nothing(page: Any, site: Site, service: Server) -> None:
    page.goto(f"{site.origin.replace('localhost', '127.0.0.1')}/fetch.html")
    fill(page, email="dave@example.com")
    page.wait_for_function("document.querySelector('output').textContent !== ''")
    assert page.inner_text("output").startswith("refused by the browser")


def link_to(service: Server, address: str) -> str:
    """The link of the mail to that address, which is a file where there is no mail server."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in service.folder.rglob("outbox/*-confirm-*.eml"):
            mail = message_from_string(file.read_text(), policy=default)
            if mail["To"] == address:
                text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
                return service.url + str(re.search(r"http://[^/]+(/\S+)", text)[1])  # type: ignore[index]
        time.sleep(0.1)
    raise AssertionError("no mail came")


def test_confirming_an_address_sets_the_chosen_password(page: Any, service: Server) -> None:
    page.goto(f"{service.url}/signup")
    fill(page, email="cora@example.com", password="Strangers-own-7", phone="")
    page.wait_for_url(f"{service.url}/signup/thanks")
    page.goto(link_to(service, "cora@example.com"))
    assert accessibility.problems(page) == []
    assert page.get_attribute("[name=password]", "autocomplete") == "current-password"
    page.fill("[name=password]", "Correct-horse-7")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    assert "token" not in page.url
    assert accessibility.problems(page) == []
    page.fill("[name=password]", "Correct-horse-7")
    page.check("text=Use this as my password")
    page.click("button")
    page.wait_for_url(f"{service.url}/signup/confirmed")


def test_an_invalid_link_offers_a_new_one(page: Any, service: Server) -> None:
    page.goto(f"{service.url}/signup/confirm?token=x")
    assert "This link is invalid" in page.inner_text("[role=alert]")
    page.click("text=Ask for a new link")
    page.wait_for_url(f"{service.url}/signup/resend")


def test_axe_finds_no_violation_on_a_form_with_errors(page: Any, service: Server) -> None:
    page.goto(f"{service.url}/signup")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    assert accessibility.problems(page) == []


def test_our_form_works_with_the_keyboard_alone(page: Any, service: Server) -> None:
    page.goto(f"{service.url}/signup")
    page.focus("[name=first_name]")
    for text in ("Eve", "Example", "eve@example.com", "", "Correct-horse-7"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{service.url}/signup/thanks")


def test_the_api_docs_do_not_violate_their_csp(page: Any, service: Server) -> None:
    page.goto(f"{service.url}/api/docs")
    page.wait_for_selector("text=Sign up.")
    page.click("text=Sign up.")
    page.wait_for_selector(".opblock-body")
    assert [line for line in page.console if "Content Security Policy" in line or "integrity" in line] == []


def test_the_page_is_usable_on_a_small_screen(page: Any, service: Server) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{service.url}/signup")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
