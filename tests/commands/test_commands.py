"""Commands of an operator on accounts, forms, the cache and exported files."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from forms_service import cli
from forms_service.accounts import administration, service
from forms_service.extensions import cache
from forms_service.submissions.models import STATUSES
from tests.conftest import MakeApp
from tests.support import servers

PASSWORD = "Correct-horse-7"
OPERATOR = "olga@example.com"


def run(app: Flask, group: str, *words: str, stdin: str = "") -> Result:
    return app.test_cli_runner().invoke(getattr(cli, group), words, input=stdin)


@pytest.fixture
def staffed(app_on_each_db: Flask) -> Flask:
    """A service with one operator and one user."""
    with app_on_each_db.app_context():
        for email, role in ((OPERATOR, "operator"), ("ann@example.com", "user")):
            service.create(service.NewAccount(email, "Ann", "Example", PASSWORD), role=role, status="active")
    return app_on_each_db


def sign_in(app: Flask, email: str, password: str = PASSWORD) -> int:
    return app.test_client().post("/api/login", json={"email": email, "password": password}).status_code


def test_the_last_operator_is_kept_unless_it_is_meant(staffed: Flask) -> None:
    for words in (("disable", OPERATOR), ("role", OPERATOR, "owner")):
        refused = run(staffed, "accounts", *words)
        assert (refused.exit_code, "last operator" in refused.output) == (1, True)
    assert run(staffed, "accounts", "role", "ann@example.com", "operator").exit_code == 0
    assert run(staffed, "accounts", "disable", OPERATOR).exit_code == 0
    assert run(staffed, "accounts", "role", "ann@example.com", "user").exit_code == 1
    assert run(staffed, "accounts", "role", "ann@example.com", "user", "--yes").exit_code == 0


def test_what_was_disabled_is_enabled_again(staffed: Flask) -> None:
    run(staffed, "accounts", "disable", "ann@example.com")
    assert sign_in(staffed, "ann@example.com") != 200
    assert run(staffed, "accounts", "enable", "Ann@Example.com").exit_code == 0
    assert sign_in(staffed, "ann@example.com") == 200
    assert "not disabled" in run(staffed, "accounts", "enable", "ann@example.com").output


def test_one_that_was_never_confirmed_waits_again(staffed: Flask) -> None:
    with staffed.app_context():
        service.create(service.NewAccount("bob@example.com", "Bob", "Example", PASSWORD), role="user", status="pending")
        administration.disable("bob@example.com")
        administration.enable("bob@example.com")
        assert administration.status_of("bob@example.com") == "pending"


def test_a_password_is_set_from_standard_input_and_ends_sessions(staffed: Flask) -> None:
    client = staffed.test_client()
    tokens = client.post("/api/login", json={"email": "ann@example.com", "password": PASSWORD}).json["data"]
    assert run(staffed, "accounts", "password", "nobody@example.com").exit_code == 1
    assert "password: " in run(staffed, "accounts", "password", "ann@example.com", stdin="short\n").output
    assert run(staffed, "accounts", "password", "ann@example.com", stdin="Battery-staple-8\n").exit_code == 0
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/api/me", headers=headers).status_code == 401
    assert sign_in(staffed, "ann@example.com") == 401
    assert sign_in(staffed, "ann@example.com", "Battery-staple-8") == 200


@pytest.fixture
def form(app_on_each_db: Flask, key_of: Callable[..., dict[str, str]]) -> tuple[FlaskClient, str]:
    client = app_on_each_db.test_client()
    headers = key_of(app_on_each_db, OPERATOR)
    made = client.post("/api/forms", json={"name": "Contact", "fields": []}, headers=headers)
    return client, made.json["data"]["id"]


def test_forms_are_listed_closed_and_deleted(form: tuple[FlaskClient, str]) -> None:
    client, form_id = form
    app = client.application
    columns = run(app, "forms", "list").output.rstrip("\n").split("\t")
    assert columns[:4] == [form_id, "Contact", OPERATOR, "open"]
    assert client.post(f"/f/{form_id}", json={"text": "one"}).status_code == 200
    assert run(app, "forms", "close", form_id).exit_code == 0
    assert client.post(f"/f/{form_id}", json={"text": "two"}).status_code == 403
    assert "\tclosed\t" in run(app, "forms", "list").output
    assert run(app, "forms", "delete", form_id, stdin="n\n").exit_code == 1
    assert client.get(f"/f/{form_id}").status_code != 404
    assert run(app, "forms", "delete", form_id, "--yes").exit_code == 0
    assert client.post(f"/f/{form_id}", json={"text": "three"}).status_code == 404
    for words in (("close", form_id), ("delete", "nothing", "--yes")):
        assert "no form with this id" in run(app, "forms", *words).output


def test_submissions_are_listed_on_a_line_each(form: tuple[FlaskClient, str]) -> None:
    client, form_id = form
    for text in ("one", "two\nlines \x9b2J ünï"):
        client.post(f"/f/{form_id}", json={"text": text})
    lines = run(client.application, "submissions", "list", form_id).output.splitlines()
    assert [line.split("\t")[2:4] for line in lines] == [["inbox", "unread"]] * 2
    assert json.loads(lines[0].split("\t")[4]) == {"text": "two\nlines \x9b2J ünï"}
    assert "\x9b" not in lines[0], "no escape sequence reaches the terminal"
    client.post(f"/f/{form_id}", json={"text": "spam", "_gotcha": "x"})
    listed = run(client.application, "submissions", "list", form_id, "--limit", "1")
    assert len(listed.stdout.splitlines()) == 1
    assert "older than these 1" in listed.stderr
    assert "1 with the status spam" in listed.stderr
    every = run(client.application, "submissions", "list", form_id, *(f"--status={status}" for status in STATUSES))
    assert (len(every.stdout.splitlines()), every.stderr) == (3, "")
    assert "no form with this id" in run(client.application, "submissions", "list", "nothing").output


def test_cached_values_are_forgotten_by_pattern(make_app: MakeApp, redis_url: str) -> None:
    app = make_app(REDIS_URL=redis_url)
    with app.app_context():
        for name in ("a:1", "a:2", "b:1"):
            cache.set(name, 1)
    assert run(app, "cache", "clear", "a:*").output == "2\n"
    assert run(app, "cache", "clear").output == "1\n"


@pytest.mark.slow
def test_an_exported_file_is_put_under_a_password_and_taken_out_again(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(b"name,text\r\n" * 20_000)

    def done(*words: str, stdin: str = "a long password\n") -> int:
        return servers.in_process(tmp_path, *words, stdin=stdin).returncode

    assert done("encrypt", str(file), stdin="short\n") == 1
    assert done("encrypt", str(file)) == 0
    sealed = tmp_path / "export.csv.encrypted"
    assert b"name" not in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o077 == 0
    assert done("decrypt", str(sealed)) == 1, "the file is there still"
    file.rename(tmp_path / "before.csv")
    assert done("decrypt", str(sealed), stdin="another password\n") == 1
    assert not file.exists()
    assert done("decrypt", str(sealed)) == 0
    assert file.read_bytes() == (tmp_path / "before.csv").read_bytes()
    changed = io.BytesIO(sealed.read_bytes())
    changed.getbuffer()[-1] ^= 1
    sealed.write_bytes(changed.getvalue())
    file.unlink()
    assert done("decrypt", str(sealed)) == 1
    assert not list(tmp_path.glob("*.draft"))
    assert not file.exists()
