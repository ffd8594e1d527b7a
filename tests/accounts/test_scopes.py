"""Scopes of API keys, and the scopes that each route requires."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.accounts import administration
from forms_service.accounts.models import ROLES, SCOPES
from tests.support.access_table import PAGE, page
from tests.support.accounts import PASSWORD, Member, bearer, mails, token_in
from tests.support.servers import ROOT

SECRET = "a word that only its sender knows"


@pytest.fixture
def olga(app_on_each_db: Flask) -> Member:
    return Member(app_on_each_db, "olga@example.com", role="owner")


@pytest.fixture
def form(olga: Member) -> str:
    answer = olga.call("POST", "/api/forms", name="Contact", settings={"retention_days": 30})
    return str(answer.json["data"]["id"])


@pytest.fixture
def submission(olga: Member, form: str) -> str:
    olga.client.post(f"/f/{form}", data={"message": SECRET}, headers={"Accept": "application/json"})
    return str(olga.call("GET", f"/api/forms/{form}/submissions").json["data"][0]["id"])


def key(person: Member, *scopes: str, password: str = PASSWORD) -> dict[str, str]:
    answer = person.call("POST", "/api/me/keys", password=password, name="x", scopes=list(scopes))
    assert answer.status_code == 201, answer.text
    return bearer(answer.json["data"]["key"])


@pytest.mark.parametrize("change", [{"read": True}, {"status": "archived"}, {"status": "spam"}])
def test_a_write_only_key_cannot_read_submission_data(olga: Member, submission: str, change: dict[str, Any]) -> None:
    path = f"/api/submissions/{submission}"
    blind = olga.client.patch(path, json=change, headers=key(olga, "submissions:write", "forms:write", "forms:read"))
    assert blind.status_code == 200
    assert SECRET not in blind.text
    assert set(blind.json["data"]) == {"id", "reference", "form_id", "form_version", "created_at", "status", "read"}
    seeing = olga.client.patch(path, json=change, headers=key(olga, "submissions:write", "submissions:read"))
    assert seeing.json["data"]["data"] == {"message": SECRET}


def test_a_key_for_forms_cannot_erase_submissions(olga: Member, form: str, submission: str) -> None:
    path, writes = f"/api/forms/{form}", key(olga, "forms:write", "forms:read")
    client = olga.client
    refused = client.delete(path, headers=writes)
    assert (refused.status_code, "submissions:write" in refused.json["message"]) == (403, True)
    for days, status in ((29, 403), (30, 200), (31, 200), (None, 200), (31, 403)):
        answer = client.patch(path, json={"settings": {"retention_days": days}}, headers=writes)
        assert answer.status_code == status, days
    assert client.get(f"/api/submissions/{submission}", headers=olga.headers).status_code == 200
    both = key(olga, "forms:write", "submissions:write")
    assert client.patch(path, json={"settings": {"retention_days": 29}}, headers=both).status_code == 200
    assert client.delete(path, headers=both).status_code == 200


def test_a_key_for_forms_cannot_have_submissions_sent_anywhere(olga: Member, form: str) -> None:
    writes, reads = key(olga, "forms:write", "forms:read"), key(olga, "forms:write", "submissions:read")
    hook = {"url": "https://93.184.215.14/"}
    recipients, webhooks = f"/api/forms/{form}/recipients", f"/api/forms/{form}/webhooks"
    for path, body in ((recipients, {"email": "eve@example.com"}), (webhooks, hook), ("/api/webhooks", hook)):
        refused = olga.client.post(path, json=body, headers=writes)
        assert (refused.status_code, "submissions:read" in refused.json["message"]) == (403, True), path
        made = olga.client.post(path, json=body, headers=reads).json["data"]
        changed = f"/api/{'recipients' if path == recipients else 'webhooks'}/{made['id']}"
        assert olga.client.patch(changed, json={}, headers=writes).status_code == 403
        assert olga.client.patch(changed, json={}, headers=reads).status_code == 200
        assert olga.client.delete(changed, headers=writes).status_code == 200


def test_a_key_for_forms_can_delete_a_form_without_submissions(olga: Member, form: str) -> None:
    assert olga.client.delete(f"/api/forms/{form}", headers=key(olga, "forms:write")).status_code == 200


def test_creating_a_key_requires_the_password(olga: Member) -> None:
    for credentials, code in (({}, "required"), ({"password": "Wrong-horse-7"}, "wrong_password")):
        answer = olga.call("POST", "/api/me/keys", name="x", scopes=["forms:read"], **credentials)
        assert (answer.status_code, answer.json["codes"]) == (422, {"password": [code]})
    assert olga.call("GET", "/api/me/keys").json["data"] == []


def test_passwords_for_keys_are_limited_to_ten_per_quarter_hour(olga: Member) -> None:
    fields = {"password": "Wrong-horse-7", "name": "x", "scopes": ["forms:read"]}
    statuses = [olga.call("POST", "/api/me/keys", **fields).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_an_account_can_have_25_keys(make_app_on_each_db: Callable[..., Flask]) -> None:
    olga = Member(make_app_on_each_db(RATE_LIMIT_ENABLED="false"), role="owner")
    for _ in range(25):
        key(olga, "forms:read")
    fields = {"password": PASSWORD, "name": "x", "scopes": ["forms:read"]}
    refused = olga.call("POST", "/api/me/keys", **fields)
    assert (refused.status_code, refused.json["details"]) == (403, {"quota": "keys", "limit": 25})
    first = olga.call("GET", "/api/me/keys").json["data"][0]["id"]
    assert olga.call("DELETE", f"/api/me/keys/{first}").status_code == 200
    assert olga.call("POST", "/api/me/keys", **fields).status_code == 201


def test_a_reset_or_a_new_address_revokes_keys_and_says_so(app_on_each_db: Flask, olga: Member) -> None:
    def works(headers: dict[str, str]) -> bool:
        return olga.client.get("/api/forms", headers=headers).status_code == 200

    first = key(olga, "forms:read")
    assert works(first)
    olga.client.post("/api/password/forgot", json={"email": olga.email})
    token = token_in(mails(app_on_each_db, "reset")[0])
    answer = olga.client.post("/api/password/reset", json={"token": token, "password": "Battery-staple-8"})
    assert "API key" in answer.json["message"]
    assert not works(first)
    olga.tokens = olga.sign_in("Battery-staple-8")
    second = key(olga, "forms:read", password="Battery-staple-8")
    olga.call("POST", "/api/me/email", password="Battery-staple-8", email="new@example.com")
    assert works(second)
    answer = olga.client.post(
        "/api/me/email/confirm", json={"token": token_in(mails(app_on_each_db, "new_address")[0])}
    )
    assert "API key" in answer.json["message"]
    assert not works(second)
    assert [mail["to"] for mail in mails(app_on_each_db, "password_reset")] == ["olga@example.com"]


class TestEveryOperation:
    """Of the description."""

    def test_states_its_role_and_scopes(self, client: FlaskClient) -> None:
        paths = client.get("/api/openapi.json").json["paths"]
        for path, operations in paths.items():
            for method, operation in operations.items():
                if not isinstance(operation, dict):
                    continue
                where = (method, path)
                if operation["security"] == [{"token": []}]:
                    assert operation["x-required-role"] in ROLES, where
                    scopes = operation.get("x-required-scopes", [])
                    assert set(scopes) <= set(SCOPES), where
                    assert scopes or operation["x-session"], where
                    for requirement in (operation["x-required-role"], *scopes):
                        assert f"`{requirement}`" in operation["description"], where
                else:
                    assert "x-required-role" not in operation, where

    def test_is_listed_in_the_documented_table(self) -> None:
        text = PAGE.read_text()
        assert page(json.loads((ROOT / "openapi.json").read_text()), text) == text, (
            "write it: python -m tests.support.access_table"
        )

    def test_requires_each_of_its_scopes(self, make_app_on_each_db: Callable[..., Flask]) -> None:
        app = make_app_on_each_db(RATE_LIMIT_ENABLED="false")
        olga = Member(app, role="owner")
        keys = {scope: key(olga, *(other for other in SCOPES if other != scope)) for scope in SCOPES}
        checked = 0
        for path, operations in app.test_client().get("/api/openapi.json").json["paths"].items():
            ids = {"{form_id}": "x" * 16, "{number}": "1", "{version}": "1"}
            parts = [ids.get(part, str(uuid.uuid4()) if "{" in part else part) for part in path.split("/")]
            for method, operation in operations.items():
                for scope in operation.get("x-required-scopes", ()) if isinstance(operation, dict) else ():
                    answer = olga.client.open("/".join(parts), method=method, headers=keys[scope], json={})
                    assert (answer.status_code, scope in answer.json["message"]) == (403, True), (method, path)
                    checked += 1
        assert checked > 15

    def test_requires_its_role(self, make_app_on_each_db: Callable[..., Flask]) -> None:
        app = make_app_on_each_db(RATE_LIMIT_ENABLED="false")
        olga = Member(app, role="owner")
        all_scopes = key(olga, *SCOPES)
        with app.app_context():
            administration.set_role(olga.email, "user")
        checked = 0
        for path, operations in app.test_client().get("/api/openapi.json").json["paths"].items():
            url = re.sub(r"\{\w+\}", str(uuid.uuid4()), path)
            for method, operation in operations.items():
                if isinstance(operation, dict) and operation.get("x-required-role", "user") != "user":
                    headers = olga.headers if operation["x-session"] else all_scopes
                    answer = olga.client.open(url, method=method, headers=headers, json={})
                    assert (answer.status_code, "role owner" in answer.json["message"]) == (403, True), (method, path)
                    checked += 1
        assert checked > 5
