"""Every snippet of the console's page for sharing, run as it stands on another site."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forms_service.console.share.snippets import WAYS
from forms_service.forms.snippets import FormFacts
from tests.support.definitions import PDF
from tests.support.npm import bundle, script_client  # noqa: F401 (a fixture)
from tests.support.script_sites import ScriptSite

pytestmark = pytest.mark.slow

FIELDS: list[dict[str, Any]] = [
    {"name": "full name", "type": "text", "label": 'Your "name" <b>{x}</b>', "required": True, "max_length": 50},
    {
        "name": "email",
        "type": "email",
        "label": "E-mail",
        "required": True,
        "help": "See [privacy](https://a.example/).",
    },
    {"name": "size", "type": "select", "label": "Size", "choices": [{"value": 'x"l', "label": "Extra <large>"}]},
    {"name": "plan", "type": "radio", "label": "Plan", "choices": ["A & B", "C"], "required": True},
    {"name": "topics", "type": "multiselect", "label": "Topics", "choices": ["sales", "support"]},
    {"name": "age", "type": "integer", "label": "Age", "min": 18},
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf"},
    {"name": "source", "type": "hidden"},
    {"name": "terms", "type": "consent", "label": "I agree", "required": True},
    {"name": "message", "type": "textarea", "label": "Message"},
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptSite]:
    started = ScriptSite(tmp_path_factory.mktemp("snippets"), tmp_path_factory.mktemp("pages"), FIELDS)
    yield started
    started.close()


def code_of(site: ScriptSite, way: str) -> str:
    facts = FormFacts(site.address("any"), FIELDS, "Contact")
    with site.app.app_context():
        return WAYS[way].code(facts, f"{site.url}/static/forms.js")


def open_page(page: Any, site: ScriptSite, body: str) -> None:
    """Show a page of the site that holds the snippet."""
    text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Site</title><main>{body}</main></html>'
    (site.built / "snippet.html").write_text(text)
    page.goto(f"{site.site.origin}/built/snippet.html")


def fill_in(place: Any, email: str, pdf: Path) -> None:
    place.get_by_label('Your "name" <b>{x}</b>').fill("Ann")
    place.get_by_label("E-mail").fill(email)
    place.get_by_label("Size").select_option(label="Extra <large>")
    place.get_by_label("A & B").check()
    place.get_by_label("support").check()
    place.get_by_label("Age", exact=True).fill("42")
    place.get_by_label("CV").set_input_files(str(pdf))
    place.get_by_label("I agree").check()
    place.get_by_label("Message").fill("Hello\nthere")
    place.get_by_role("button", name="Send").click()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    (tmp_path / "cv.pdf").write_bytes(PDF)
    return tmp_path / "cv.pdf"


def check_stored(site: ScriptSite, email: str) -> None:
    (stored,) = site.wait_for(email)
    data = stored["data"]
    assert (data["full name"], data["size"], data["plan"], data["topics"]) == ("Ann", 'x"l', "A & B", ["support"])
    assert (data["age"], data["message"].split()) == ("42", ["Hello", "there"])
    assert [file["name"] for file in stored["files"]] == ["cv.pdf"]
    assert "honeypot" not in stored["spam_reasons"]


def test_html(page: Any, site: ScriptSite, pdf: Path) -> None:
    open_page(page, site, code_of(site, "html"))
    fill_in(page, "html@example.com", pdf)
    page.wait_for_url("**/thanks?*")
    check_stored(site, "html@example.com")


@pytest.mark.parametrize("way", ["script", "embed"])
def test_html_with_a_script(page: Any, site: ScriptSite, pdf: Path, way: str) -> None:
    open_page(page, site, code_of(site, way))
    page.locator("form").wait_for()
    fill_in(page, f"{way}@example.com", pdf)
    page.locator(".forms-service-status", has_text="Thank you").wait_for()
    check_stored(site, f"{way}@example.com")


def test_a_frame(page: Any, site: ScriptSite, pdf: Path) -> None:
    open_page(page, site, code_of(site, "frame"))
    frame = page.frame_locator("iframe")
    fill_in(frame, "frame@example.com", pdf)
    frame.locator("h1", has_text="Thank you").wait_for()
    check_stored(site, "frame@example.com")


def test_the_hosted_page(page: Any, site: ScriptSite, pdf: Path) -> None:
    page.goto(code_of(site, "link"))
    fill_in(page, "link@example.com", pdf)
    page.wait_for_url("**/thanks?*")
    check_stored(site, "link@example.com")


def test_react(page: Any, site: ScriptSite, script_client: Path, pdf: Path) -> None:  # noqa: F811 (the fixture)
    (script_client / "Form.tsx").write_text(code_of(site, "react"))
    (script_client / "snippet.tsx").write_text(
        'import { createRoot } from "react-dom/client";\nimport { Form } from "./Form.js";\n'
        'createRoot(document.querySelector("main")!).render(<Form />);\n'
    )
    config = json.loads((script_client / "tsconfig.json").read_text())
    (script_client / "snippet.json").write_text(json.dumps(config | {"files": ["snippet.tsx"]}))
    compiler = [script_client / "node_modules" / ".bin" / "tsc", "-p", "snippet.json"]
    done = subprocess.run(compiler, cwd=script_client, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    (script_client / "Form.js").unlink(missing_ok=True)
    bundle(script_client, script_client / "snippet.tsx", site.built / "built.js")
    open_page(page, site, '</main><main></main><script src="/built/built.js"></script>')
    page.locator("form").wait_for()
    fill_in(page, "react-snippet@example.com", pdf)
    page.locator("p[role=status]", has_text="Thank you").wait_for()
    check_stored(site, "react-snippet@example.com")


def test_curl(site: ScriptSite, pdf: Path) -> None:
    pdf.rename(pdf.with_name("example.pdf"))
    words = ["bash", "-euo", "pipefail", "-c", code_of(site, "curl")]
    done = subprocess.run(words, cwd=pdf.parent, capture_output=True, text=True, timeout=60, check=True)
    answer = json.loads(done.stdout)
    assert answer["success"] is True, answer
    (stored,) = site.wait_for("ann@example.com")
    assert stored["id"] == answer["data"]["id"]
    assert stored["data"]["topics"] == ["sales", "support"]
    assert [file["name"] for file in stored["files"]] == ["example.pdf"]


def test_curl_without_files(tmp_path_factory: pytest.TempPathFactory, site: ScriptSite) -> None:
    facts = FormFacts(site.address("loose"), [{"name": "email", "type": "email", "label": "Ann's & 'quotes'"}])
    with site.app.app_context():
        command = WAYS["curl"].code(facts, "")
    assert "--data-urlencode" in command
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["success"] is True
