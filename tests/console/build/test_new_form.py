"""New forms: from a template in two clicks, blank, or as a copy."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.forms.schemas import NewForm
from forms_service.forms.starters import BLANK, STARTERS
from tests.conftest import KeyOf
from tests.support.accounts import Member
from tests.support.console import Visitor


@pytest.mark.parametrize("name", STARTERS)
def test_a_template_is_what_the_api_accepts_and_fits_its_settings(
    shared_client: FlaskClient, shared_owner: dict[str, str], name: str
) -> None:
    body = STARTERS[name].body
    assert NewForm().load(body)["fields"] == body["fields"]
    answer = shared_client.post("/api/forms", json=body, headers=shared_owner)
    assert answer.status_code == 201, answer.json
    assert all(field.get("label") for field in body["fields"])
    page = shared_client.get(f"/f/{answer.json['data']['id']}")
    assert page.status_code == 200
    assert all(field["label"] in page.text for field in body["fields"])


def test_two_clicks_make_a_form(app_on_each_db: Flask, signed_in: Visitor) -> None:
    home = signed_in.get("/console").text
    assert "You have no form yet." in home
    assert '<a class="button" href="/console/forms/new">New form</a>' in home
    page = signed_in.get("/console/forms/new").text
    assert re.findall('name="starter" value="([a-z]+)"', page) == list(STARTERS)
    token = signed_in.token("/console/forms/new")
    answer = signed_in.post("/console/forms/new", {"csrf_token": token, "starter": "job"})
    assert re.fullmatch(r"/console/forms/[\w-]{16}/share\?done=created", answer.headers["Location"])
    shown = signed_in.get(answer.headers["Location"]).text
    assert "Your form is ready. Copy its code into your page." in shown
    assert "Job application" in shown


def test_a_blank_form_leads_to_its_fields(signed_in: Visitor) -> None:
    token = signed_in.token("/console/forms/new")
    answer = signed_in.post("/console/forms/new", {"csrf_token": token, "starter": BLANK})
    assert answer.headers["Location"].endswith("/build?done=created")
    assert "No fields yet" in signed_in.get(answer.headers["Location"]).text
    assert signed_in.post("/console/forms/new", {"csrf_token": token, "starter": "x"}).status_code == 422


def test_an_account_without_forms_may_make_none(app_on_each_db: Flask, owner: dict[str, str]) -> None:
    user = Member(app_on_each_db, "user@example.com")
    visitor = Visitor(app_on_each_db)
    visitor.sign_in(user.email)
    assert "/console/forms/new" not in visitor.get("/console").text
    assert "Ask the operator" in visitor.get("/console/forms/new").text
    token = visitor.token("/console/forms/new")
    answer = visitor.post("/console/forms/new", {"csrf_token": token, "starter": "contact"})
    assert answer.status_code == 403
    assert "Your account cannot have forms." in answer.text


def test_a_copy_is_one_click_from_the_editor(
    app_on_each_db: Flask, signed_in: Visitor, form: str, owner: dict[str, str]
) -> None:
    path = f"/console/forms/{form}/build"
    assert f'action="/console/forms/{form}/copy"' in signed_in.get(path).text
    answer = signed_in.post(f"/console/forms/{form}/copy", {"csrf_token": signed_in.token(path)})
    assert form not in answer.headers["Location"]
    assert "Copied. This is the copy." in signed_in.get(answer.headers["Location"]).text


def test_the_quota_is_named(app_on_each_db: Flask, signed_in: Visitor, form: str, key_of: KeyOf) -> None:
    app_on_each_db.config["SETTINGS"].__dict__["forms_per_account"] = 1
    token = signed_in.token("/console/forms/new")
    answer = signed_in.post("/console/forms/new", {"csrf_token": token, "starter": "contact"})
    assert answer.status_code == 403
    assert "limit of 1 forms" in answer.text
