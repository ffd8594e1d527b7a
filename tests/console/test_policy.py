"""The policy that protects the console's pages if a template were wrong, held against outside judges."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from forms_service.console.rendering import hx
from tests.conftest import KeyOf, MakeApp
from tests.support.api_keys import make_key
from tests.support.console import Visitor
from tests.support.observatory import points
from tests.support.servers import ROOT
from tests.support.stored import make_form, submit

EVALUATOR = Path(__file__).parent / "csp_evaluator"
TEMPLATES = sorted((ROOT / "forms_service/templates").rglob("*.html"))
FORBIDDEN = re.compile(r"""\s(hx-[a-z-]+|data-hx-[a-z-]+|on[a-z]+|style)\s*=|href=["']?javascript:""")
"""Attributes with code, styles that the policy refuses, and htmx attributes without a nonce."""


def console_pages(app: Flask, form: str, submission: str) -> list[str]:
    """Every page that a GET shows, with those arguments."""
    values = {"form_id": form, "submission_id": submission}
    with app.test_request_context():
        adapter = app.url_map.bind("127.0.0.1:5000")
        rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")]
        return [
            adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
            for rule in rules
            if "GET" in (rule.methods or ()) and rule.arguments <= values.keys()
        ]


@pytest.fixture
def pages(app: Flask, key_of: KeyOf) -> dict[str, str]:
    """Path and policy of every page of an operator who has a form."""
    make_key(app, "owner@example.com", role="operator")
    form = make_form(app)
    operator = Visitor(app)
    operator.sign_in()
    answers = {path: operator.get(path) for path in console_pages(app, form, submit(app, form))}
    shown = {path: answer for path, answer in answers.items() if answer.mimetype == "text/html"}
    return {path: answer.headers["Content-Security-Policy"] for path, answer in shown.items()}


def test_every_page_has_a_strict_policy(pages: dict[str, str]) -> None:
    assert len(pages) > 4
    for path, policy in pages.items():
        assert policy.startswith("default-src 'none'; "), path
        assert "'unsafe" not in policy, path
        assert "require-trusted-types-for 'script'" in policy or "script-src" not in policy, path


def test_a_nonce_is_used_once(app: Flask, key_of: KeyOf) -> None:
    key_of(app)
    visitor = Visitor(app)
    visitor.sign_in()
    policies = {visitor.get("/console").headers["Content-Security-Policy"] for _ in range(5)}
    assert len(policies) == 5


def test_pages_score_160(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(PUBLIC_URL="https://forms.example.com", HSTS="subdomains")
    key_of(app)
    form = make_form(app)
    visitor = Visitor(app, origin="https://forms.example.com")
    cookies = visitor.sign_in().headers.getlist("Set-Cookie")
    assert cookies
    for path in ("/console", f"/console/forms/{form}", f"/console/submissions/{submit(app, form)}"):
        assert points(visitor.get(path), cookies) == 160, path


@pytest.mark.slow
def test_the_evaluator_has_nothing_to_say(pages: dict[str, str]) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("needs Node with npm (apt-get install nodejs npm)")
    words = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(words, cwd=EVALUATOR, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the evaluator: {done.stderr[-200:]}")

    def evaluate(policies: list[str]) -> list[str]:
        program = [node, str(EVALUATOR / "evaluate.js")]
        run = subprocess.run(
            program, input=json.dumps(policies), capture_output=True, text=True, timeout=60, check=True
        )
        findings: list[str] = json.loads(run.stdout)
        return findings

    assert evaluate(list(pages.values())) == []
    assert evaluate(["script-src 'unsafe-inline'"]) != []


def test_templates_hold_no_code_and_no_htmx_without_a_nonce() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in TEMPLATES
        if "mails" not in file.parts
        for match in FORBIDDEN.finditer(file.read_text())
    ]
    assert wrong == []
    assert FORBIDDEN.search('<a hx-get="/">')
    assert FORBIDDEN.search("<a onclick=x>")


@pytest.mark.parametrize(
    "attributes", [{"on": "click"}, {"get": "js:alert(1)"}, {"trigger": "click[ctrlKey]"}, {"live": "x"}]
)
def test_htmx_attributes_with_code_are_refused(app: Flask, attributes: dict[str, str]) -> None:
    with app.test_request_context(), pytest.raises(ValueError, match="htmx"):
        hx(**attributes)


def test_values_of_htmx_attributes_are_escaped(app: Flask) -> None:
    with app.test_request_context():
        assert '"><script' not in hx(target='"><script>')
