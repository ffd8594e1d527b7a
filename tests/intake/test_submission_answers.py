"""Answers to a submission: JSON for programs, pages for browsers, in the words that each client knows."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.support.visitors import ANN, BROWSER, CONTACT, JSON, form_for, without_reference

XHR = {"X-Requested-With": "XMLHttpRequest"}
FORMSPREE = {**JSON, "Formspree-Client": "@formspree/core@4.0.0"}
SITE = "https://site.example"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def form(app: Flask) -> str:
    return form_for(app, CONTACT, redirect_urls=["https://other.example/thanks"])


@pytest.mark.parametrize(
    ("how", "headers", "page"),
    [
        ("data", {}, False),
        ("data", {"Accept": "*/*"}, False),
        ("data", {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}, False),
        ("data", {"Sec-Fetch-Mode": "no-cors"}, False),
        ("data", {"Sec-Fetch-Mode": "navigate"}, True),
        ("data", {"Accept": "*/*", "Sec-Fetch-Mode": "navigate"}, True),
        ("data", {"Sec-Fetch-Mode": "navigate", **XHR}, False),
        ("data", {"Accept": "text/plain, */*;q=0.1"}, False),
        ("data", {"Accept": "text/html;q=0, */*"}, False),
        ("data", {"Accept": "text/html;q=0.5, application/problem+json"}, False),
        ("data", BROWSER, True),
        ("data", JSON, False),
        ("data", XHR, False),
        ("data", {"Accept": "application/json, text/html"}, False),
        ("data", {"Accept": "text/html, application/json"}, True),
        ("json", {}, False),
        ("json", {"Accept": "*/*"}, False),
        ("json", {"Accept": "text/html"}, True),
        ("json", {**BROWSER, **XHR}, False),
    ],
)
@pytest.mark.parametrize("body", [ANN, {"name": "", "email": "x"}], ids=["accepted", "refused"])
def test_json_or_page(client: FlaskClient, form: str, how: str, headers: Any, page: bool, body: Any) -> None:
    answer = client.post(f"/f/{form}", headers=headers, **{how: body})
    accepted = body is ANN
    if page:
        assert answer.status_code == (303 if accepted else 422)
        assert answer.mimetype == "text/html"
    else:
        assert answer.status_code == (200 if accepted else 422)
        assert answer.json["success"] is accepted


def test_a_json_client_that_is_accepted(client: FlaskClient, form: str) -> None:
    answer = client.post(f"/f/{form}", json=ANN)
    assert answer.json == {
        "success": True,
        "ok": True,
        "message": answer.json["message"],
        "data": {"id": answer.json["data"]["id"], "reference": answer.json["data"]["reference"]},
        "meta": {},
        "next": f"http://127.0.0.1:5000/f/{form}/thanks?_reference={answer.json['data']['reference']}",
    }


def test_a_json_client_that_is_refused(client: FlaskClient, form: str) -> None:
    answer = client.post(f"/f/{form}", json={"name": "Ann", "email": "x"})
    assert answer.json == {
        "success": False,
        "message": answer.json["message"],
        "error_type": "ValidationError",
        "errors": {"email": answer.json["errors"]["email"]},
        "codes": {"email": ["invalid_email"]},
        "error": answer.json["message"],
    }


@pytest.mark.parametrize("name", ["_next", "redirect", "redirectTo"])
@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/done", {"Origin": SITE}, f"{SITE}/done"),
        ("/done", {"Referer": f"{SITE}/contact"}, f"{SITE}/done"),
        (f"{SITE}/done", {"Origin": SITE, "Referer": "https://evil.example/"}, f"{SITE}/done"),
        ("https://other.example/thanks", {}, "https://other.example/thanks"),
        ("https://evil.example/", {"Origin": SITE}, None),
        ("https://evil.example/", {"Origin": "null", "Referer": "https://evil.example/"}, None),
        ("//evil.example", {"Origin": SITE}, None),
        ("/done", {}, None),
    ],
)
def test_where_a_browser_goes_on_to(
    client: FlaskClient, form: str, name: str, target: str, headers: dict[str, str], expected: str | None
) -> None:
    browser = client.post(f"/f/{form}", data={**ANN, name: target}, headers={**BROWSER, **headers})
    assert (browser.status_code, without_reference(browser.headers["Location"])) == (
        303,
        expected or f"/f/{form}/thanks",
    )
    program = client.post(f"/f/{form}", json={**ANN, name: target}, headers=headers)
    assert without_reference(program.json["next"]) == (expected or f"http://127.0.0.1:5000/f/{form}/thanks")
    assert client.get(f"/f/{form}/thanks").status_code == 200


def test_under_a_path_of_a_site_the_way_on_has_it_too(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://site.example/forms")
    form = form_for(app)
    client = app.test_client()
    led = client.post(f"/forms/f/{form}", data=ANN, headers=BROWSER).headers["Location"]
    assert without_reference(led) == f"/forms/f/{form}/thanks"
    way_on = client.post(f"/f/{form}", json=ANN).json["next"]
    assert without_reference(way_on) == f"https://site.example/forms/f/{form}/thanks"


def test_a_browser_that_is_refused_gets_the_form_again_with_what_was_typed(client: FlaskClient, form: str) -> None:
    fields = {"name": "Ann <b>", "email": "not an address", "message": "Long story", "_next": "/done", "extra": "kept"}
    answer = client.post(f"/f/{form}", data=fields, headers=BROWSER)
    assert answer.status_code == 422
    for text in ("Ann &lt;b&gt;", "not an address", "Long story", "Enter an e-mail address", "/done", "kept"):
        assert text in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_browser_gets_a_page_for_an_empty_form_too(client: FlaskClient, app: Flask) -> None:
    answer = client.post(f"/f/{form_for(app)}", data={"a": ""}, headers=BROWSER)
    assert answer.status_code == 422
    assert "Fill in at least one field" in answer.text


def test_a_browser_gets_a_page_for_every_status(make_app: MakeApp) -> None:
    app = make_app(SUBMISSION_RATE_LIMIT="5/60")
    client = app.test_client()
    form = form_for(app, allowed_origins=[SITE])
    closed = form_for(app, closed=True)
    tried = [
        (404, "AAAAAAAAAAAAAAAA", {"data": ANN}),
        (403, form, {"data": ANN, "headers": {"Origin": "https://evil.example"}}),
        (403, closed, {"data": ANN}),
        (413, form, {"data": {"a": "x" * 2**20}}),
        (400, form, {"data": b"--x\r\n", "content_type": "multipart/form-data; boundary=x"}),
        (429, form, {"data": ANN}),
    ]
    for status, to, request in tried:
        answer = client.post(f"/f/{to}", **{**request, "headers": {**BROWSER, **request.get("headers", {})}})
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/f/{form}/thanks", 405),
        ("/f/{form}/challenge", 405),
        ("/f/{form}/nothing", 404),
        ("/f/", 404),
        ("/f/a/b/c", 404),
    ],
)
@pytest.mark.parametrize(
    ("headers", "page"), [({}, False), (BROWSER, True), ({"Accept": "*/*"}, False), (JSON, False), (XHR, False)]
)
def test_a_browser_that_sends_a_form_amiss_gets_a_page(
    client: FlaskClient, form: str, path: str, status: int, headers: dict[str, str], page: bool
) -> None:
    answer = client.post(path.format(form=form), data=ANN, headers=headers)
    assert (answer.status_code, answer.mimetype) == (status, "text/html" if page else "application/json")
    allowed = answer.allow.as_set(preserve_casing=True)
    assert allowed == ({"GET", "HEAD", "OPTIONS"} if status == 405 else set())
    assert ("<h1>" in answer.text) is page


def test_formspree_clients_get_errors_in_their_words(client: FlaskClient, app: Flask, form: str) -> None:
    answer = client.post(f"/f/{form}", data={"name": "", "age": "old"}, headers=FORMSPREE)
    errors = [(error.get("code"), error.get("field")) for error in answer.json["errors"]]
    assert answer.status_code == 422
    assert errors == [("REQUIRED_FIELD_EMPTY", "name"), ("REQUIRED_FIELD_MISSING", "email"), ("TYPE_NUMERIC", "age")]
    assert all(error["message"] for error in answer.json["errors"])
    body = client.post(
        f"/f/{form}", json={**ANN, "email": "x", "name": {"first": "Ann"}, "topics": "?"}, headers=FORMSPREE
    ).json
    errors = [(error.get("code"), error["field"]) for error in body["errors"]]
    assert errors == [("TYPE_TEXT", "name"), ("TYPE_EMAIL", "email"), (None, "topics")]


def test_formspree_clients_are_told_what_is_wrong_with_the_whole(client: FlaskClient, app: Flask) -> None:
    listed = form_for(app, allowed_origins=[SITE])
    tried = [
        ("EMPTY", form_for(app), {"json": {}}),
        ("INACTIVE", form_for(app, closed=True), {"json": ANN}),
        ("FORM_NOT_FOUND", "AAAAAAAAAAAAAAAA", {"json": ANN}),
        ("BLOCKED", listed, {"json": ANN, "headers": {**FORMSPREE, "Origin": "https://evil.example"}}),
        (None, listed, {"data": b"{", "content_type": "application/json"}),
    ]
    for code, form, request in tried:
        answer = client.post(f"/f/{form}", **{"headers": FORMSPREE, **request}).json
        (error,) = answer["errors"]
        assert (error.get("code"), "field" in error) == (code, False)
        assert error["message"]
        assert isinstance(answer["error"], str)
