"""Pages and clients made for other form backends: they work with only their URL changed."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.support import servers
from tests.support.servers import ROOT, Server
from tests.support.visitors import without_reference
from tests.support.websites import Site

CLIENTS = ROOT / "tests" / "clients"
PASSWORD = "Correct-horse-7"
OWNER = "olga@example.com"
FIELDS = [
    {"name": "email", "type": "email", "label": "Your address", "required": True},
    {"name": "message", "type": "textarea", "label": "Your message"},
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The clients, as npm has them."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs Node with npm (apt-get install nodejs npm)")
    words = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(words, cwd=CLIENTS, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the clients: {done.stderr[-200:]}")
    return CLIENTS / "node_modules"


@pytest.fixture(scope="module")
def built(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clients as a page loads them."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copy(node_modules / "@formspree" / "ajax" / "dist" / "global.js", folder / "ajax.js")
    bundler = [node_modules / ".bin" / "esbuild", CLIENTS / "react.jsx", "--bundle", "--jsx=automatic"]
    words = [*bundler, "--define:process.env.NODE_ENV='production'", f"--outfile={folder / 'react.js'}"]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    settings = {**QUICK, "RATE_LIMIT_ENABLED": "false"}
    servers.in_process(folder, "accounts", "create", OWNER, "--role", "owner", stdin=PASSWORD, **settings)
    server = Server(folder, settings)
    yield server
    server.stop()


class Owner:
    """Somebody with forms, over HTTP."""

    def __init__(self, service: Server) -> None:
        self._service = service
        tokens = service.post("/api/login", json={"email": OWNER, "password": PASSWORD}).json()["data"]
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def form(self, **definition: Any) -> str:
        """The id of a new form."""
        answer = self._service.post("/api/forms", json={"name": "Contact"} | definition, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def inbox(self, form: str, status: str = "inbox") -> list[dict[str, Any]]:
        """Submissions of a form, newest first."""
        path = f"/api/forms/{form}/submissions?status={status}"
        return list(self._service.get(path, headers=self.headers).json()["data"])


@pytest.fixture(scope="module")
def owner(service: Server) -> Owner:
    return Owner(service)


@pytest.fixture(scope="module")
def site(service: Server, built: Path) -> Iterator[Site]:
    made = Site(built)
    made.values["service"] = service.url
    yield made
    made.close()


@pytest.fixture(scope="module")
def plain_site(service: Server) -> Iterator[Site]:
    """A site without scripts, which needs no Node."""
    made = Site()
    made.values["service"] = service.url
    yield made
    made.close()


@pytest.fixture
def submit(node_modules: Path, service: Server) -> Callable[..., dict[str, Any]]:
    """Submit by @formspree/core in Node; return its result."""

    def run(form: str, values: dict[str, str], kind: str = "json") -> dict[str, Any]:
        words = ["node", "core.mjs", service.url, form, kind, json.dumps(values)]
        done = subprocess.run(words, cwd=CLIENTS, capture_output=True, text=True, timeout=60, check=True)
        return dict(json.loads(done.stdout))

    return run


@pytest.mark.parametrize("kind", ["json", "form"])
def test_core_submits(submit: Callable[..., dict[str, Any]], service: Server, owner: Owner, kind: str) -> None:
    form = owner.form(fields=FIELDS)
    result = submit(form, {"email": "visitor@example.com", "message": "Hello"}, kind)
    result["next"] = without_reference(result["next"])
    assert result == {"kind": "success", "next": f"{service.url}/f/{form}/thanks"}
    (arrived,) = owner.inbox(form)
    assert arrived["data"] == {"email": "visitor@example.com", "message": "Hello"}


def test_core_shows_what_is_wrong_with_each_field(submit: Callable[..., dict[str, Any]], owner: Owner) -> None:
    form = owner.form(fields=FIELDS)
    missing = submit(form, {"message": "Hello"})
    assert (missing["kind"], missing["form"]) == ("error", [])
    assert [fault["code"] for fault in missing["fields"]["email"]] == ["REQUIRED_FIELD_MISSING"]
    wrong = submit(form, {"email": "no address", "message": "Hello"}, "form")
    assert [fault["code"] for fault in wrong["fields"]["email"]] == ["TYPE_EMAIL"]
    empty = submit(form, {"email": "", "message": "Hello"}, "form")
    assert [fault["code"] for fault in empty["fields"]["email"]] == ["REQUIRED_FIELD_EMPTY"]
    assert owner.inbox(form) == []


def test_core_shows_what_is_wrong_with_the_form(submit: Callable[..., dict[str, Any]], owner: Owner) -> None:
    assert submit("nothingthereatal", {"a": "b"})["form"][0]["code"] == "FORM_NOT_FOUND"
    assert submit(owner.form(settings={"closed": True}), {"a": "b"})["form"][0]["code"] == "INACTIVE"
    assert submit(owner.form(), {})["form"][0]["code"] == "EMPTY"


def test_ajax_shows_faults_then_success(page: Any, site: Site, owner: Owner) -> None:
    site.values["form"] = form = owner.form(fields=FIELDS)
    page.goto(f"{site.origin}/moved/ajax.html")
    page.fill("[name=email]", "no address")
    page.click("button")
    page.wait_for_selector("[data-fs-error=email][data-fs-active]")
    assert page.inner_text("[data-fs-error=email]") != ""
    assert page.get_attribute("[name=email]", "aria-invalid") == "true"
    page.fill("[name=email]", "visitor@example.com")
    page.click("button")
    page.wait_for_selector("[data-fs-success][data-fs-active]")
    assert [arrived["data"]["email"] for arrived in owner.inbox(form)] == ["visitor@example.com"]


def test_react_shows_faults_then_success(page: Any, site: Site, owner: Owner) -> None:
    site.values["form"] = form = owner.form(fields=FIELDS)
    page.goto(f"{site.origin}/moved/react.html")
    page.fill("[name=email]", "no address")
    page.click("button")
    page.wait_for_function("document.querySelector('#wrong').textContent.startsWith('Email')")
    page.fill("[name=email]", "visitor@example.com")
    page.click("button")
    page.wait_for_selector("#done")
    assert [arrived["data"]["email"] for arrived in owner.inbox(form)] == ["visitor@example.com"]


LEADS_BACK = ["formspree", "web3forms", "basin", "getform", "formsubmit"]


@pytest.mark.parametrize("backend", [*LEADS_BACK, "netlify"])
def test_a_page_made_for_another_backend_works(
    page: Any, plain_site: Site, owner: Owner, service: Server, backend: str
) -> None:
    plain_site.values["form"] = form = owner.form()
    page.goto(f"{plain_site.origin}/moved/{backend}.html")
    page.click("button")
    page.wait_for_selector("h1")
    back = f"{plain_site.origin}/moved/thanks.html"
    assert without_reference(page.url) == (back if backend in LEADS_BACK else f"{service.url}/f/{form}/thanks")
    (arrived,) = owner.inbox(form)
    assert arrived["data"] == {"email": "visitor@example.com", "message": f"Hello from {backend}"}
    assert arrived["spam_reasons"] == []


@pytest.mark.parametrize("backend", ["basin", "formsubmit"])
def test_a_mistake_is_corrected_on_our_page_and_leads_back_to_the_site(
    page: Any, plain_site: Site, owner: Owner, backend: str
) -> None:
    plain_site.values["form"] = form = owner.form(fields=FIELDS)
    page.goto(f"{plain_site.origin}/moved/{backend}.html")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.fill("[name=email]", "no address")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    page.fill("[name=email]", "corrected@example.com")
    page.click("button")
    page.wait_for_url(f"{plain_site.origin}/moved/thanks.html")
    (arrived,) = owner.inbox(form, "inbox,spam")  # corrected faster than a person could
    assert arrived["data"]["email"] == "corrected@example.com"
    assert "_back" not in {**arrived["data"], **arrived["control"]}


@pytest.mark.parametrize("backend", ["formspree", "web3forms", "formsubmit", "netlify"])
def test_its_honeypot_still_catches(page: Any, plain_site: Site, owner: Owner, backend: str) -> None:
    plain_site.values["form"] = form = owner.form()
    page.goto(f"{plain_site.origin}/moved/{backend}.html")
    page.evaluate(
        """() => {
            const trap = document.querySelector("[name=_gotcha], [name=botcheck], [name=_honey], [name=bot-field]");
            if (trap.type === "checkbox") trap.checked = true; else trap.value = "I am a robot";
        }"""
    )
    page.click("button")
    page.wait_for_selector("h1")
    assert owner.inbox(form) == []
    assert [arrived["spam_reasons"] for arrived in owner.inbox(form, "spam")] == [["honeypot"]]


def test_a_redirect_to_another_site_is_not_followed(page: Any, plain_site: Site, owner: Owner, service: Server) -> None:
    plain_site.values["form"] = form = owner.form()
    page.goto(f"{plain_site.origin}/moved/formspree.html")
    page.evaluate("document.querySelector('[name=_next]').value = 'https://phishing.example/'")
    page.click("button")
    page.wait_for_url(f"{service.url}/f/{form}/thanks?_reference=*")
