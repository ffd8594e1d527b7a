"""Writes of the console: from its own pages only."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.accounts import BROWSER, PASSWORD, Member
from tests.support.console import Visitor
from tests.support.stored import submit

FORGED = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1:5001"})
SITES = ("cross-site", "same-site", "none")


@pytest.fixture
def page(app_on_each_db: Flask, form: str) -> str:
    return f"/console/submissions/{submit(app_on_each_db, form)}"


def status_of(client: FlaskClient, page: str, headers: dict[str, str]) -> str:
    path = page.replace("/console", "/api")
    status: str = client.get(path, headers=headers).json["data"]["status"]
    return status


def test_a_button_works(signed_in: Visitor, page: str, owner: dict[str, str]) -> None:
    assert signed_in.press(page, "archive").status_code == 303
    assert status_of(signed_in.client, page, owner) == "archived"


@pytest.mark.parametrize("headers", [*FORGED, *({"Sec-Fetch-Site": site} for site in SITES)])
def test_another_site_presses_none(
    signed_in: Visitor, page: str, owner: dict[str, str], headers: dict[str, str]
) -> None:
    answer = signed_in.press(page, "archive", **headers)
    assert answer.status_code == 403
    assert "This request came from another site." in answer.text
    assert status_of(signed_in.client, page, owner) == "inbox"


def test_a_form_without_the_token_of_this_session_is_refused(
    app_on_each_db: Flask, signed_in: Visitor, page: str, owner: dict[str, str]
) -> None:
    other = Visitor(app_on_each_db)
    stolen = other.token("/console/sign-in")
    for token in ("", "0" * 64, stolen, "é"):
        answer = signed_in.post(page, {"action": "delete", "csrf_token": token})
        assert answer.status_code == 403
        assert "This page is out of date" in answer.text
    assert signed_in.post(page, {"action": "delete"}).status_code == 403
    assert signed_in.post("/console/sign-out", {"x": "y"}).status_code == 403
    assert status_of(signed_in.client, page, owner) == "inbox"


def test_json_is_refused_whatever_is_in_it(form: str, signed_in: Visitor) -> None:
    page = f"/console/forms/{form}/webhooks/new"
    body = {"csrf_token": signed_in.token(page), "events": 5, "url": "x"}
    headers = {**BROWSER, "Origin": signed_in.origin}
    answer = signed_in.client.post(page, json=body, headers=headers, base_url=signed_in.origin)
    assert answer.status_code == 415
    assert "The console takes forms only." in answer.text


def test_a_browser_that_says_where_it_comes_from_needs_no_origin(signed_in: Visitor, page: str) -> None:
    answer = signed_in.press(page, "archive", **{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:5000"})
    assert answer.status_code == 303


def test_nobody_is_signed_in_by_another_site(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db, role="owner")
    values = {"email": ann.email, "password": PASSWORD}
    visitor = Visitor(app_on_each_db)
    refused = visitor.post("/console/sign-in", values)
    assert refused.status_code == 403
    assert "your browser blocks cookies" in refused.text
    token = visitor.token("/console/sign-in")
    assert visitor.post("/console/sign-in", values | {"csrf_token": token}, Origin="https://a.co").status_code == 403
    assert visitor.get("/console").status_code == 303
    assert visitor.post("/console/sign-in", values | {"csrf_token": token}).status_code == 303


def test_a_refused_sign_in_shows_a_form_that_works(visitor: Visitor) -> None:
    answer = visitor.post("/console/sign-in", {"email": "owner@example.com", "password": PASSWORD})
    token = answer.text.partition('name="csrf_token" value="')[2][:64]
    values = {"email": "owner@example.com", "password": PASSWORD, "csrf_token": token}
    assert visitor.post("/console/sign-in", values).status_code == 303


def test_a_session_that_has_ended_asks_to_sign_in_again(signed_in: Visitor, page: str) -> None:
    signed_in.client.delete_cookie("forms_session", domain="127.0.0.1", path="/console")
    answer = signed_in.post(page, {"action": "delete"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/console/sign-in?next={page}")
