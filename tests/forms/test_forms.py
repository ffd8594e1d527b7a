"""The forms API on both databases, and the cache of published forms."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm, get_published_form
from forms_service.forms.models import FormVersion
from forms_service.signals import form_erasing
from tests.conftest import MakeApp

KeyOf = Callable[..., dict[str, str]]
FIELDS = [
    {"name": "email", "type": "email", "label": "Your address", "required": True},
    {"name": "topic", "type": "select", "choices": ["sales", {"value": "help", "label": "Support"}]},
]


def make(client: FlaskClient, key: dict[str, str], **body: Any) -> dict[str, Any]:
    response = client.post("/api/forms", json={"name": "Contact", **body}, headers=key)
    assert response.status_code == 201, response.json
    return dict(response.json["data"])


def published_in(app: Flask, form_id: str) -> PublishedForm:
    with app.app_context():
        return get_published_form(form_id)


def test_creating_a_form_returns_all_of_it(client_on_each_db: FlaskClient, owner: dict[str, str]) -> None:
    form = make(
        client_on_each_db, owner, name="Kontakt & Anfrage", fields=FIELDS, settings={"closed": None, "honeypot": "trap"}
    )
    assert len(form["id"]) == 16
    assert form["id"][0].isalnum()
    assert form["url"] == f"http://127.0.0.1:5000/f/{form['id']}"
    assert (form["name"], form["version"], form["fields"]) == ("Kontakt & Anfrage", 1, FIELDS)
    assert form["settings"] == {
        "allowed_origins": [],
        "redirect_urls": [],
        "unknown_fields": "keep",
        "subject": None,
        "reply": None,
        "honeypot": "trap",
        "challenge": "none",
        "challenge_site_key": None,
        "double_opt_in": False,
        "blocklist": {"words": [], "addresses": [], "networks": []},
        "retention_days": None,
        "closed": False,
        "opens_at": None,
        "closes_at": None,
        "max_submissions": None,
        "thanks": {"title": None, "text": None, "button_url": None},
        "closed_text": None,
        "theme": {"color": None, "logo_url": None},
        "languages": {},
        "store_ip": "truncated",
    }
    assert client_on_each_db.get(f"/api/forms/{form['id']}", headers=owner).json["data"] == form


def test_errors_are_reported_by_path(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    key = key_of(app)
    bad = {"name": "x", "fields": [FIELDS[0], {"name": "p", "type": "text", "pattern": "("}]}
    response = client.post("/api/forms", json=bad, headers=key)
    assert (response.status_code, response.json["codes"]) == (422, {"fields.1.pattern": ["invalid_pattern"]})
    form = make(client, key, fields=FIELDS)
    response = client.patch(f"/api/forms/{form['id']}", json={"settings": {"honeypot": "email"}}, headers=key)
    assert response.json["codes"] == {"settings.honeypot": ["taken"]}


def test_a_subject_names_only_fields_of_the_form(client_on_each_db: FlaskClient, owner: dict[str, str]) -> None:
    form = make(client_on_each_db, owner, fields=FIELDS, settings={"subject": "From {email}: {topic} {topic}"})
    assert form["settings"]["subject"] == "From {email}: {topic} {topic}"
    address = f"/api/forms/{form['id']}"
    for patch in ({"fields": FIELDS[:1]}, {"settings": {"subject": "{topic} {mail} {e mail} {email}"}}):
        response = client_on_each_db.patch(address, json=patch, headers=owner)
        assert (response.status_code, response.json["codes"]) == (422, {"settings.subject": ["unknown_name"]})
    assert response.json["errors"]["settings.subject"].startswith("Unknown: {mail}, {e mail}. Use names of")
    both = {"fields": FIELDS[:1], "settings": {"subject": "From {email}"}}
    assert client_on_each_db.patch(address, json=both, headers=owner).status_code == 200
    empty = client_on_each_db.patch(address, json={"fields": [], "settings": {"subject": "{any}"}}, headers=owner)
    assert empty.status_code == 200


def test_a_patch_merges_settings_and_null_restores_a_default(
    client_on_each_db: FlaskClient, owner: dict[str, str]
) -> None:
    form = make(client_on_each_db, owner, settings={"retention_days": 30, "blocklist": {"words": ["casino"]}})
    patch = {"retention_days": None, "closed": True, "blocklist": {"networks": ["192.0.2.0/24"]}}
    changed = client_on_each_db.patch(f"/api/forms/{form['id']}", json={"settings": patch}, headers=owner).json["data"]
    assert changed["settings"]["retention_days"] is None
    assert changed["settings"]["closed"] is True
    assert changed["settings"]["blocklist"] == {"words": ["casino"], "addresses": [], "networks": ["192.0.2.0/24"]}
    assert changed["version"] == 1
    assert changed["updated_at"] > form["updated_at"]


def test_a_secret_is_stored_and_never_returned(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
) -> None:
    settings = {"challenge": "turnstile", "challenge_site_key": "site", "challenge_secret": "Sesame-1234"}
    form = make(client_on_each_db, owner, settings=settings)
    path = f"/api/forms/{form['id']}"
    responses = [
        client_on_each_db.get(path, headers=owner),
        client_on_each_db.get("/api/forms", headers=owner),
        client_on_each_db.patch(path, json={"name": "Other"}, headers=owner),
    ]
    for response in responses:
        assert "Sesame" not in response.text
        assert "challenge_secret" not in response.text
    assert published_in(app_on_each_db, form["id"]).settings.challenge_secret == "Sesame-1234"
    assert "Sesame" not in repr(published_in(app_on_each_db, form["id"]))
    with app_on_each_db.app_context():
        row = db.session.execute(text("SELECT * FROM forms")).one()
    assert b"Sesame" not in b" ".join(value for value in row if isinstance(value, bytes | memoryview))


def test_changed_fields_create_a_version_and_keep_the_old_labels(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
) -> None:
    form = make(client_on_each_db, owner, fields=FIELDS)
    path = f"/api/forms/{form['id']}"
    assert (
        client_on_each_db.patch(path, json={"fields": FIELDS, "name": "Same fields"}, headers=owner).json["data"][
            "version"
        ]
        == 1
    )
    renamed = [{**FIELDS[0], "label": "E-mail"}]
    assert client_on_each_db.patch(path, json={"fields": renamed}, headers=owner).json["data"]["version"] == 2
    first, second = (
        client_on_each_db.get(f"{path}/versions/{number}", headers=owner).json["data"] for number in (1, 2)
    )
    assert second["created_at"] > first["created_at"] >= form["created_at"]
    assert first == {**second, "version": 1, "fields": FIELDS, "created_at": first["created_at"]}
    assert (second["form_id"], second["version"], second["fields"]) == (form["id"], 2, renamed)


def test_a_missing_or_foreign_version_is_404(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], key_of: KeyOf
) -> None:
    path = f"/api/forms/{make(client_on_each_db, owner)['id']}/versions"
    for number in ("0", "2", "2147483647", "2147483648", "99999999999999999999", "-1", "x"):
        assert client_on_each_db.get(f"{path}/{number}", headers=owner).status_code == 404
    assert client_on_each_db.get(f"/api/forms/{'A' * 16}/versions/1", headers=owner).status_code == 404
    stranger = key_of(app_on_each_db, "stranger@example.com")
    assert client_on_each_db.get(f"{path}/1", headers=stranger).status_code == 404
    writer = key_of(app_on_each_db, "writer@example.com", scopes="forms:write")
    assert client_on_each_db.get(f"{path}/1", headers=writer).status_code == 403
    operator = key_of(app_on_each_db, "operator@example.com", role="operator")
    assert client_on_each_db.get(f"{path}/1", headers=operator).json["data"]["version"] == 1


def test_concurrent_changes_lose_no_version(make_app_on_each_db: MakeApp, key_of: KeyOf) -> None:
    app = make_app_on_each_db(RATE_LIMIT_ENABLED="false")
    key = key_of(app)
    form = make(app.test_client(), key)

    def change(number: int) -> int:
        fields = [{"name": f"field{number}", "type": "text"}]
        changes = {"fields": fields, "settings": {"blocklist": {"words": [f"word{number}"]}}}
        return app.test_client().patch(f"/api/forms/{form['id']}", json=changes, headers=key).status_code

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(change, range(20))) == {200}
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(FormVersion)) == 21
    last = app.test_client().get(f"/api/forms/{form['id']}", headers=key).json["data"]
    assert last["version"] == 21
    assert last["settings"]["blocklist"]["words"] == [last["fields"][0]["name"].replace("field", "word")]


def test_a_cursor_continues_the_list(client_on_each_db: FlaskClient, owner: dict[str, str]) -> None:
    form_ids = [make(client_on_each_db, owner, name=f"Form {number}")["id"] for number in range(5)]
    listed_ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = client_on_each_db.get("/api/forms", query_string={"limit": "2", **cursor}, headers=owner).json
        listed_ids += [form["id"] for form in response["data"]]
        if response["meta"]["next"] is None:
            break
        cursor = {"cursor": response["meta"]["next"]}
    assert listed_ids == form_ids[::-1]


def test_deleting_a_form_deletes_its_versions(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
) -> None:
    form = make(client_on_each_db, owner, fields=FIELDS)
    erased: list[str] = []

    def note(_: object, form_id: str) -> None:
        erased.append(form_id)

    with form_erasing.connected_to(note):
        assert client_on_each_db.delete(f"/api/forms/{form['id']}", headers=owner).status_code == 200
    assert erased == [form["id"]]
    assert client_on_each_db.get(f"/api/forms/{form['id']}", headers=owner).status_code == 404
    assert client_on_each_db.get(f"/f/{form['id']}").status_code == 404
    with app_on_each_db.app_context():
        assert db.session.scalar(select(func.count()).select_from(FormVersion)) == 0
        trail = select(Event.name).where(Event.name.startswith("form")).order_by(Event.id)
        assert db.session.scalars(trail).all() == ["form_created", "form_deleted"]


class TestAStranger:
    """Somebody who has an account, but not that form."""

    @pytest.mark.parametrize("method", ["get", "patch", "delete"])
    def test_gets_the_same_404_as_for_a_missing_form(
        self, client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], key_of: KeyOf, method: str
    ) -> None:
        form = make(client_on_each_db, owner)
        stranger = key_of(app_on_each_db, "stranger@example.com")
        body = {"json": {"name": "Mine"}} if method == "patch" else {}
        responses = [
            getattr(client_on_each_db, method)(f"/api/forms/{form_id}", headers=stranger, **body)
            for form_id in (form["id"], "A" * 16, "no-form", "%00")
        ]
        assert {response.status_code for response in responses} == {404}
        assert len({response.data for response in responses}) == 1
        assert client_on_each_db.get(f"/api/forms/{form['id']}", headers=owner).json["data"] == form

    def test_lists_only_their_own_forms_and_an_operator_lists_all(
        self, client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], key_of: KeyOf
    ) -> None:
        form = make(client_on_each_db, owner)
        stranger = key_of(app_on_each_db, "stranger@example.com")
        operator = key_of(app_on_each_db, "operator@example.com", role="operator")
        assert client_on_each_db.get("/api/forms", headers=stranger).json["data"] == []
        assert [item["id"] for item in client_on_each_db.get("/api/forms", headers=operator).json["data"]] == [
            form["id"]
        ]
        assert (
            client_on_each_db.patch(f"/api/forms/{form['id']}", json={"name": "Seen"}, headers=operator).status_code
            == 200
        )

    def test_needs_a_key_a_role_and_a_scope(self, client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
        reader = key_of(app, scopes="forms:read")
        plain = key_of(app, "user@example.com", role="user")
        assert client.get("/api/forms").status_code == 401
        assert client.post("/api/forms", json={"name": "x"}, headers=reader).status_code == 403
        assert client.get("/api/forms", headers=plain).status_code == 403
        assert client.get("/api/forms", headers=reader).status_code == 200
