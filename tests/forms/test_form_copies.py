"""Copies of forms, and changes that name the version they are based on."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.notifications.recipients.models import Recipient
from forms_service.submissions.models import Submission
from tests.conftest import KeyOf
from tests.support.stored import count, make_form, submit

FIELDS = [{"name": "email", "type": "email", "label": "E-mail"}]
SETTINGS = {
    "challenge": "turnstile",
    "challenge_site_key": "site",
    "challenge_secret": "secret",
    "retention_days": 30,
    "double_opt_in": {"subject": "Confirm", "text": "Please"},
    "blocklist": {"words": ["casino"]},
}


@pytest.fixture
def form(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    return make_form(app_on_each_db, "owner@example.com", [], FIELDS, **SETTINGS)


class TestCopy:
    """`POST /api/forms/{id}/copy`."""

    def test_has_the_same_fields_and_settings_but_no_secrets_and_submissions(
        self, app_on_each_db: Flask, client_on_each_db: FlaskClient, owner: dict[str, str], form: str
    ) -> None:
        submit(app_on_each_db, form)
        original = client_on_each_db.get(f"/api/forms/{form}", headers=owner).json["data"]
        answer = client_on_each_db.post(f"/api/forms/{form}/copy", headers=owner)
        assert answer.status_code == 201
        copy = answer.json["data"]
        assert (copy["name"], copy["version"], copy["fields"], copy["role"]) == ("Copy of Contact", 1, FIELDS, "owner")
        assert copy["settings"] == {**original["settings"], "challenge": "none"}
        assert copy["id"] != form
        enabled = {"settings": {"challenge": "turnstile"}}
        refused = client_on_each_db.patch(f"/api/forms/{copy['id']}", json=enabled, headers=owner)
        assert refused.json["codes"] == {"settings.challenge_secret": ["required"]}
        assert count(app_on_each_db, Submission, Recipient) == [1, 2]  # the owner of each

    def test_takes_a_name(self, client_on_each_db: FlaskClient, owner: dict[str, str], form: str) -> None:
        copy = client_on_each_db.post(f"/api/forms/{form}/copy", json={"name": "Second"}, headers=owner)
        assert copy.json["data"]["name"] == "Second"
        refused = client_on_each_db.post(f"/api/forms/{form}/copy", json={"fields": []}, headers=owner)
        assert refused.json["codes"] == {"fields": ["unknown"]}

    def test_is_for_who_sees_the_form_and_may_have_forms(
        self, app_on_each_db: Flask, client_on_each_db: FlaskClient, form: str, key_of: KeyOf
    ) -> None:
        path = f"/api/forms/{form}/copy"
        statuses = {}
        people = {"stranger@example.com": "owner", "user@example.com": "user", "operator@example.com": "operator"}
        for email, role in people.items():
            key = key_of(app_on_each_db, email, role=role)
            statuses[email] = client_on_each_db.post(path, headers=key).status_code
        assert list(statuses.values()) == [404, 403, 201]
        reader = key_of(app_on_each_db, "reader@example.com", role="operator", scopes="forms:read")
        assert client_on_each_db.post(path, headers=reader).status_code == 403


class TestVersion:
    """`version` in PATCH."""

    @staticmethod
    def patch(client: FlaskClient, form: str, key: dict[str, str], **body: Any) -> Any:
        return client.patch(f"/api/forms/{form}", json=body, headers=key)

    def test_refuses_fields_based_on_an_older_one(
        self, client_on_each_db: FlaskClient, owner: dict[str, str], form: str
    ) -> None:
        mine = [{**FIELDS[0], "label": "Mine"}]
        answer = self.patch(client_on_each_db, form, owner, fields=mine, version=1, name="New")
        assert (answer.status_code, answer.json["error_type"]) == (409, "ConflictError")
        assert answer.json["details"] == {"version": 2}
        assert "meanwhile somebody saved version 2" in answer.json["message"]
        shown = client_on_each_db.get(f"/api/forms/{form}", headers=owner).json["data"]
        assert (shown["version"], shown["fields"], shown["name"]) == (2, FIELDS, "Contact")
        assert self.patch(client_on_each_db, form, owner, fields=mine, version=2).json["data"]["version"] == 3

    def test_does_not_matter_while_the_fields_stay_the_same(
        self, client_on_each_db: FlaskClient, owner: dict[str, str], form: str
    ) -> None:
        assert self.patch(client_on_each_db, form, owner, fields=FIELDS, version=1).status_code == 200
        assert self.patch(client_on_each_db, form, owner, name="New", version=1).status_code == 200

    @pytest.mark.parametrize("version", [0, "2", True, 2**31])
    def test_is_a_number_of_a_version(
        self, client_on_each_db: FlaskClient, owner: dict[str, str], form: str, version: Any
    ) -> None:
        answer = self.patch(client_on_each_db, form, owner, fields=FIELDS, version=version)
        assert answer.json["codes"] == {"version": ["invalid_number"]}
