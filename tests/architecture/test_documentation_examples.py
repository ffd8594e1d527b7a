"""Every example of README and docs does what it says, as it stands; only the address is that of the test's service."""

import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.forms import service as forms_service
from tests.conftest import QUICK
from tests.support.api_keys import make_key
from tests.support.definitions import PDF
from tests.support.documentation import PAGES, RUN, Example, examples, runnable
from tests.support.servers import BIN, ROOT, TIMEOUT, Server, free_port
from tests.support.visitors import form_for
from tests.support.web_server import serve_in_thread

pytestmark = pytest.mark.slow

ADDRESS = "http://127.0.0.1:5000"
FORM, FORM_WITH_CAPTCHA = "mR7xQ2-kLp0aZ_9c", "Zk3vW8-qTn5bY_1d"
"""The address and the forms of all examples."""

FIELDS = [
    {"name": "email", "type": "email", "label": "Your e-mail address", "required": True},
    {"name": "message", "type": "textarea", "label": "Your message", "required": True},
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf"},
]
README, BACKUPS = ROOT / "README.md", ROOT / "docs/backups.md"
TYPED = [page for page in PAGES if page not in (README, BACKUPS) and any(e.page == page for e in runnable("sh"))]
LIST = ("flask", "submissions", "list", FORM)
PROGRAMS = {"js": ("node", "mjs"), "python": (sys.executable, "py"), "php": ("php", "php")}
NUMBERS = itertools.count(1)
"""Makes each message unique, since the same content is stored once."""

PASSWORD = "Correct-horse-7\n"


class Clone:
    """A clone of the project in which somebody types the examples, with the service running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".venv").symlink_to(BIN.parent)
        shutil.copy(ROOT / "wsgi.py", folder)
        (folder / "deploy").symlink_to(ROOT / "deploy")
        (folder / "cv.pdf").write_bytes(PDF)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {**QUICK, "RATE_LIMIT_ENABLED": "false", "PUBLIC_URL": self.url}
        instance = folder / "instance"
        with pytest.MonkeyPatch.context() as patched:
            for name, value in {**self.settings, "INSTANCE_PATH": str(instance)}.items():
                patched.setenv(name, value)
            app = create_app(load_settings(folder))
            self.key = make_key(app)["Authorization"].removeprefix("Bearer ")
            patched.setattr(forms_service, "new_form_id", iter((FORM, FORM_WITH_CAPTCHA)).__next__)
            form_for(app, FIELDS)
            form_for(app, FIELDS, challenge="altcha")
        self.server = Server(instance, self.settings, "--bind", f"127.0.0.1:{port}")

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A program in the clone, which knows what the reader has: the address, a form and a key."""
        environment = {
            **self.settings,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "S": self.url,
            "FORM": FORM,
            "KEY": self.key,
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,  # a page may have many commands
            check=False,
        )

    def count(self, form_id: str = FORM) -> int:
        """The submissions of a form."""
        answer = requests.get(
            f"{self.url}/api/forms/{form_id}/stats", headers={"Authorization": f"Bearer {self.key}"}, timeout=TIMEOUT
        )
        return int(sum(answer.json()["data"]["by_status"].values()))

    def text(self, example: Example) -> str:
        """The example with the address of this service."""
        return example.text.replace(ADDRESS, self.url)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The clone of all examples."""
    made = Clone(tmp_path_factory.mktemp("clone"))
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder of pages, and the origin that they are served at."""
    folder = tmp_path_factory.mktemp("site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    serve_in_thread(server)
    yield folder, f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_: Any) -> None:
        pass


def test_every_example_is_run_or_says_why_not() -> None:
    """Blocks in other languages are configurations, outputs and drawings."""
    languages = {example.language for page in PAGES for example in examples(page)}
    assert set(RUN) <= languages
    assert languages <= {*RUN, "", "text", "json", "apache", "ini", "yaml"}


@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.name)
def test_commands_do_what_the_page_says(page: Path, clone: Clone) -> None:
    _type(page, clone)


def test_the_readme_shows_the_form_that_the_command_prints(clone: Clone) -> None:
    output = _type(README, clone)
    shown = next(clone.text(example) for example in examples(README) if example.language == "html")
    identity = re.search(r"^[\w-]{16}$", output, re.M)
    assert identity
    assert shown.replace(FORM, identity[0]) in output


def test_backups_are_whole_and_everything_moves_to_postgresql(clone: Clone, postgres_url: str) -> None:
    clone.settings |= {"POSTGRES": postgres_url}
    response = requests.post(
        f"{clone.url}/f/{FORM}", data={"email": "eve@example.com", "message": "Keep me"}, timeout=TIMEOUT
    )
    assert "id" in response.json()["data"]
    before = clone.run(*LIST).stdout
    assert "Keep me" in before
    output = _type(BACKUPS, clone)
    assert "Whole and unchanged" in output
    assert "ok   data  " in output
    assert clone.run("env", f"DATABASE_URL={postgres_url}", *LIST).stdout == before


def _type(page: Path, clone: Clone) -> str:
    """Type the page's commands at one terminal; what they say."""
    if not shutil.which("jq"):
        pytest.skip("needs jq (apt-get install jq)")
    script = "\n".join(clone.text(example) for example in runnable("sh") if example.page == page)
    done = clone.run("bash", "-euo", "pipefail", "-c", f'curl() {{ command curl -sS "$@"; }}\n{script}', stdin=PASSWORD)
    refused = [line for line in done.stdout.splitlines() if '"success":false' in line]
    assert not refused
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("example", runnable("js", "python", "php"), ids=lambda example: example.name)
def test_programs_do_what_the_page_says(example: Example, clone: Clone) -> None:
    program, suffix = PROGRAMS[example.language]
    if not shutil.which(program):
        pytest.skip(f"needs {program}")
    file = clone.folder / f"example.{suffix}"
    file.write_text(clone.text(example))
    done = clone.run(program, str(file))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert not done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "example",
    [e for e in runnable("html") if not re.search("<iframe|<altcha", e.text)],
    ids=lambda example: example.name,
)
def test_pages_send_what_people_fill_in(example: Example, clone: Clone, site: tuple[Path, str], page: Any) -> None:
    folder, origin = site
    (folder / "page.html").write_text(f"<!doctype html><meta charset=utf-8><title>A page</title>{clone.text(example)}")
    page.goto(f"{origin}/page.html")
    before = clone.count()
    if page.query_selector(".error"):
        _fill_in(page, clone, email="ann@")
        page.eval_on_selector("form", "form => { form.noValidate = true }")
        page.click("button")
        page.wait_for_function("document.querySelector('.error').textContent.includes('Enter an e-mail address')")
        assert clone.count() == before
    _fill_in(page, clone)
    if "/api/signup" in example.text:
        with page.expect_navigation():
            page.click("button")
        assert "mail" in page.inner_text("main")
        return
    with page.expect_response(lambda answer: FORM in answer.url and answer.request.method == "POST") as response:
        page.click("button")
    assert response.value.status in (200, 303)
    assert clone.count() == before + 1
    assert not [line for line in page.console if not re.search("status of (404|422)", line)]


@pytest.mark.parametrize(
    "example", [e for e in runnable("html") if "<iframe" in e.text], ids=lambda example: example.name
)
def test_frames_show_the_form(example: Example, clone: Clone, site: tuple[Path, str], page: Any) -> None:
    folder, origin = site
    (folder / "frame.html").write_text(f"<!doctype html><meta charset=utf-8>{clone.text(example)}")
    page.goto(f"{origin}/frame.html")
    page.frame_locator("iframe").locator("button").wait_for()


@pytest.mark.parametrize(
    "example", [e for e in runnable("html") if "<altcha" in e.text], ids=lambda example: example.name
)
def test_widgets_let_people_send(example: Example, clone: Clone, site: tuple[Path, str], page: Any) -> None:
    folder, origin = site
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("needs npm (apt-get install npm)")
    words = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "altcha@3.2.2"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the widget: {done.stderr[-200:]}")
    shutil.copy(folder / "node_modules/altcha/dist/main/altcha.min.js", folder)
    (folder / "widget.html").write_text(f"<!doctype html><meta charset=utf-8>{clone.text(example)}")
    page.goto(f"{origin}/widget.html")
    page.fill("[name=email]", "ann@example.com")
    page.fill("[name=message]", "I am a person")
    page.locator("altcha-widget input[type=checkbox]").dispatch_event("click")
    page.wait_for_function("document.querySelector('input[name=altcha]')?.value")
    with page.expect_navigation():
        page.click("form > button")
    assert clone.count(FORM_WITH_CAPTCHA) == 1


def test_json_is_json() -> None:
    blocks = [example for page in PAGES for example in examples(page) if example.language == "json"]
    assert [json.loads(example.text) for example in blocks]


def _fill_in(page: Any, clone: Clone, email: str = "ann@example.com") -> None:
    for field in page.query_selector_all("input, textarea, select"):
        kind = field.get_attribute("type") or "text"
        name = field.get_attribute("name") or ""
        if kind in ("hidden", "submit") or not field.is_visible():
            continue
        if kind == "file":
            field.set_input_files(str(clone.folder / "cv.pdf"))
        elif kind in ("checkbox", "radio"):
            field.check()
        else:
            words = {"email": email, "password": "Correct-horse-7", "number": "2"}
            field.fill(
                words.get(kind, f"{re.sub('[^a-z]', ' ', name)} of Ann {next(NUMBERS) if name == 'message' else ''}")
            )
