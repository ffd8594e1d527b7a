"""A form moves to another instance as a JSON document."""

import json
from pathlib import Path

from flask import Flask

from forms_service import cli
from tests.conftest import KeyOf, MakeApp
from tests.support.visitors import CONTACT, OWNER, form_for

SETTINGS = {"subject": "New from {name}", "retention_days": 30, "challenge": "turnstile", "challenge_site_key": "site"}


def run(app: Flask, *words: str, stdin: bytes = b"") -> tuple[int, str]:
    done = app.test_cli_runner().invoke(cli.forms, words, input=stdin)
    return done.exit_code, done.output


def test_fields_and_settings_arrive_and_secrets_do_not(
    make_app: MakeApp, make_shared_app: MakeApp, key_of: KeyOf, tmp_path: Path
) -> None:
    here, there = make_app(), make_shared_app()
    form_id = form_for(here, CONTACT, **SETTINGS, challenge_secret="s3cret")
    file = tmp_path / "form.json"
    assert run(here, "export", form_id, str(file)) == (0, f"{file}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in file.read_text()
    assert run(here, "export", form_id, "-") == (0, file.read_text())
    assert "already exists" in run(here, "export", form_id, str(file))[1]

    headers = key_of(there, OWNER)
    code, output = run(there, "import", str(file), "--owner", OWNER)
    assert code == 0, output
    form = there.test_client().get(f"/api/forms/{output.split()[0]}", headers=headers).json["data"]
    assert (form["name"], form["version"]) == ("Contact", 1)
    assert [field["name"] for field in form["fields"]] == [field["name"] for field in CONTACT]
    assert (form["settings"]["subject"], form["settings"]["retention_days"]) == ("New from {name}", 30)
    assert form["settings"]["challenge"] == "none"


def test_what_is_no_such_document_is_refused(app: Flask) -> None:
    form_id = form_for(app)
    document = json.loads(run(app, "export", form_id, "-")[1])
    for change, words in (
        ({"format": "other"}, "not a form exported by"),
        ({"fields": [{"name": "x", "type": "nothing"}]}, "fields.0.type"),
        ({"pages": []}, "pages"),
    ):
        code, output = run(app, "import", "-", "--owner", OWNER, stdin=json.dumps(document | change).encode())
        assert code == 1
        assert words in output
    for raw in (b"", b"name,email\n", b"\xff"):
        code, output = run(app, "import", "-", "--owner", OWNER, stdin=raw)
        assert (code, "not a form exported by flask forms export: it is not JSON" in output) == (1, True)
    assert "There is no form" in run(app, "export", "nowhere", "-")[1]
    assert run(app, "import", "-", "--owner", "nobody@example.com", stdin=json.dumps(document).encode())[0] == 1
