"""The description, as other people's tools take it: a validator, a linter, and a generator of clients."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from forms_service import errors
from forms_service.form_schema.settings import FormSettingsSchema
from tests.conftest import QUICK
from tests.support import servers
from tests.support.servers import ROOT, Server

COMMITTED = ROOT / "openapi.json"
LINTER = ROOT / "tests" / "description"
PASSWORD = "Correct-horse-7"
OWNER = "olga@example.com"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(COMMITTED.read_text())
    return loaded


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield f"{method} {path}", operation


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_says_who_may_call_it(document: dict[str, Any]) -> None:
    guards = {name: operation["security"] for name, operation in operations(document)}
    public = {name for name, security in guards.items() if security == []}
    assert {"post /api/signup", "post /api/login", "post /f/{form_id}", "get /health/live"} <= public
    assert all(name.split()[1].startswith(("/f/", "/health", "/api/")) for name in public)
    assert guards["get /api/forms"] == [{"token": []}]


def test_the_pages_and_the_challenge_of_a_form_are_described(document: dict[str, Any]) -> None:
    for path in ("/f/{form_id}", "/f/{form_id}/thanks"):
        assert "text/html" in document["paths"][path]["get"]["responses"]["200"]["content"]
    assert {"get", "options"} <= set(document["paths"]["/f/{form_id}/challenge"])


@pytest.mark.parametrize("schema", ["FormSettings", "FormSettingsChanges", "Blocklist", "BlocklistChanges"])
def test_every_setting_of_a_form_has_a_description(document: dict[str, Any], schema: str) -> None:
    properties = document["components"]["schemas"][schema]["properties"]
    assert [name for name, described in properties.items() if not described.get("description")] == []
    assert set(document["components"]["schemas"]["FormSettings"]["properties"]) == set(FormSettingsSchema().fields)


def test_responses_are_named_by_our_errors_and_not_by_a_python_version(document: dict[str, Any]) -> None:
    assert set(document["components"]["responses"]) <= {"Error", *(name for name in vars(errors) if "Error" in name)}
    text = COMMITTED.read_text()
    assert "UNPROCESSABLE" not in text
    assert "Unprocessable" not in text


@pytest.mark.slow
def test_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs Node with npm (apt-get install nodejs npm)")
    words = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(words, cwd=LINTER, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the linter: {done.stderr[-200:]}")
    words = [str(LINTER / "node_modules/.bin/redocly"), "lint", "--format=json", str(COMMITTED)]
    environment = {**servers.environment(tmp_path, {}), "REDOCLY_TELEMETRY": "off"}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, report["problems"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client that was generated without a single warning; the folder that its package stands in."""
    folder = tmp_path_factory.mktemp("generated")
    config = folder / "config.yml"
    config.write_text("post_hooks: []\n")  # no formatter, which may not be installed
    package = ["--output-path", str(folder / "generated_client"), "--meta", "none", "--fail-on-warning"]
    words = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(COMMITTED), *package]
    done = subprocess.run(
        [*words, "--config", str(config)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_client_is_generated_without_a_warning(generated: Path) -> None:
    assert (generated / "generated_client" / "api" / "taking" / "submit.py").is_file()


@pytest.mark.slow
def test_a_generated_client_makes_a_form_and_reads_its_submissions(
    generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(generated))
    client = import_module("generated_client")
    models = import_module("generated_client.models")

    def call(name: str, **arguments: Any) -> Any:
        return import_module(f"generated_client.api.{name}").sync(**arguments)

    folder = tmp_path / "service"
    servers.in_process(folder, "accounts", "create", OWNER, "--role", "owner", stdin=PASSWORD, **QUICK)
    server = Server(folder, QUICK)
    try:
        login = models.Login.from_dict({"email": OWNER, "password": PASSWORD})
        with client.Client(base_url=server.url) as anybody:
            token = call("sessions.login", client=anybody, body=login).data.access_token
        wish = {"name": "Contact", "fields": [{"name": "email", "type": "email"}], "settings": {"store_ip": "none"}}
        with client.AuthenticatedClient(base_url=server.url, token=token) as owner:
            form = call("forms.create_form", client=owner, body=models.NewForm.from_dict(wish)).data
            assert form.settings.store_ip == "none"
            assert server.post(f"/f/{form.id}", json={"email": "ann@example.com"}).status_code == 200
            (submission,) = call("inbox.list_submissions", form_id=form.id, client=owner).data
            assert submission.data.additional_properties == {"email": "ann@example.com"}
            xlsx = models.ExportSubmissionsFormat("xlsx")
            export = call("inbox.export_submissions", form_id=form.id, client=owner, format_=xlsx)
            assert export.payload.read(2) == b"PK"
        with client.AuthenticatedClient(base_url=server.url, token="fs_none") as stranger:
            refused = call("forms.get_form", form_id=form.id, client=stranger)
            assert refused.error_type == "AuthenticationError"
    finally:
        server.stop()
