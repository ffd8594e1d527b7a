"""Other sites in a browser: scripts, frames, and the way back."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forms_service.database.transactions import dispose_engine
from tests.conftest import QUICK
from tests.support import accessibility, servers
from tests.support.definitions import PDF
from tests.support.servers import Server
from tests.support.visitors import form_for
from tests.support.websites import Site

pytestmark = pytest.mark.slow

FIELDS = [
    {"name": "name", "type": "text", "label": "Your name", "required": True},
    {"name": "email", "type": "email", "label": "E-mail", "required": True},
    {
        "name": "cv",
        "type": "file",
        "label": "CV",
        "accept": ".pdf",
        "help": "Read [our advice](https://site.example/).",
    },
]
SETTINGS = {**QUICK, "RATE_LIMIT_ENABLED": "false", "MAX_FILE_SIZE": "100000"}
SCRIPTS = {
    "FormData": "fetch(url, {method: 'POST', body: data(email)})",
    "URLSearchParams": "fetch(url, {method: 'POST', body: new URLSearchParams(data(email))})",
    "odd headers": """fetch(url, {method: 'POST', body: data(email), headers: {'HX-Request': 'true',
        'HX-Current-URL': location.href, 'sentry-trace': '1', baggage: 'a=b', 'Cache-Control': 'no-cache'}})""",
    "XMLHttpRequest": """new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open('POST', url);
        request.onload = () => resolve(new Response(request.responseText, {status: request.status}));
        request.onerror = reject;
        request.send(data(email));
    })""",
}


class Service:
    """A service with forms, and a site of somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.site = Site()
        app = servers.build_app(folder, SETTINGS)
        any_site = form_for(app, FIELDS)
        listed = form_for(app, FIELDS, allowed_origins=[self.site.origin])
        others = form_for(app, FIELDS, allowed_origins=["https://other.example"])
        closed, full = form_for(app, FIELDS, closed=True), form_for(app, FIELDS, max_submissions=1)
        with app.app_context(), dispose_engine():
            app.test_client().post(f"/f/{full}", json={"name": "Eve", "email": "eve@example.com"})
        self.server = Server(folder, SETTINGS)
        self.forms = {
            name: f"{self.server.url}/f/{form}"
            for name, form in (
                ("any", any_site),
                ("listed", listed),
                ("others", others),
                ("closed", closed),
                ("full", full),
                ("gone", "AAAAAAAAAAAAAAAA"),
            )
        }

    def open(self, page: Any, path: str, form: str, email: str = "ann@example.com") -> None:
        """Show a page of the site that points at the form."""
        self.site.values = {"form": self.forms[form], "email": email}
        page.goto(f"{self.site.origin}/{path}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("sites"))
    yield service
    service.server.stop()
    service.site.close()


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("form", ["any", "listed"])
def test_a_script_can_read_its_response(page: Any, service: Service, form: str, script: str) -> None:
    service.open(page, "contact.html", form)
    code = """([url, email]) => {
        const made = new FormData();
        const data = (email) => { made.set('name', 'Ann'); made.set('email', email); return made; };
        return (%s).then(async (answer) => [answer.status, await answer.json()]);
    }"""
    responses = [
        page.evaluate(code % SCRIPTS[script], [service.forms[form], email]) for email in (f"{script[0]}@a.example", "x")
    ]
    assert [status for status, _ in responses] == [200, 422]
    assert responses[0][1]["success"] is True
    assert responses[1][1]["codes"] == {"email": ["invalid_email"]}


def test_a_script_without_cors_gets_no_network_error(page: Any, service: Service) -> None:
    service.open(page, "contact.html", "any")
    code = (
        "(url) => fetch(url, {method: 'POST', mode: 'no-cors', body: 'name=N&email=n@a.example'}).then((a) => a.type)"
    )
    assert page.evaluate(code, service.forms["any"]) == "opaque"


@pytest.mark.parametrize("form", ["any", "listed"])
def test_a_form_works_in_a_frame_of_its_site(page: Any, service: Service, form: str) -> None:
    service.open(page, "framing.html", form)
    frame = page.frame_locator("iframe")
    frame.locator("[name=name]").fill(f"Framed {form}")
    frame.locator("[name=email]").fill("ann@example.com")
    frame.locator("button").click()
    frame.locator("h1", has_text="Thank you").wait_for(timeout=30_000)
    assert not [line for line in page.console if "refused" in line.lower()]


def test_a_form_is_not_framed_by_a_site_that_is_not_listed(page: Any, service: Service) -> None:
    service.open(page, "framing.html", "others")
    page.wait_for_timeout(300)
    assert [line for line in page.console if "frame-ancestors" in line]
    assert page.frame_locator("iframe").locator("[name=name]").count() == 0


def test_a_visitor_corrects_errors_and_returns_to_the_site(page: Any, service: Service, tmp_path: Path) -> None:
    (tmp_path / "cv.pdf").write_bytes(PDF)
    service.open(page, "contact.html", "any", email="ann")
    page.set_input_files("[name=cv]", str(tmp_path / "cv.pdf"))
    page.click("button")
    assert "Choose the file again." in page.text_content("#field-3-wrong")
    page.fill("[name=email]", "ann@example.com")
    page.click("button")
    page.wait_for_url(re.compile(r"/thanks\?_site="))
    assert page.get_attribute("text=Back to localhost", "href") == f"{service.site.origin}/"


def test_a_visitor_returns_to_the_site(page: Any, service: Service) -> None:
    service.open(page, "contact.html", "any", email="direct@example.com")
    page.click("button")
    page.wait_for_url("**/thanks?_reference=*")
    assert page.get_attribute("text=Back to localhost", "href") == f"{service.site.origin}/"


def test_axe_finds_no_violation_on_refusal_pages(page: Any, service: Service, tmp_path: Path) -> None:
    (tmp_path / "big.pdf").write_bytes(PDF + bytes(150_000))
    page.set_viewport_size({"width": accessibility.WIDTH, "height": 640})
    for form, file in (("gone", None), ("closed", None), ("full", None), ("others", None), ("any", "big.pdf")):
        service.open(page, "contact.html", form)
        if file:
            page.set_input_files("[name=cv]", str(tmp_path / file))
        page.click("button")
        page.wait_for_url(service.forms[form] + "*")
        assert "ann@example.com" in page.content()
        assert accessibility.problems(page) == []
    page.goto(service.forms["full"])
    assert "accepts no more submissions" in page.content()
    assert accessibility.problems(page) == []
