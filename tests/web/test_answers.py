"""The shape of answers that are the same for every route."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.conftest import MakeApp

HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/signup/../../etc/passwd", "/static/nothing.css"])
def test_what_is_not_there_is_404(shared_client: FlaskClient, path: str) -> None:
    answer = shared_client.get(path)
    assert answer.status_code == 404
    assert answer.json == {"success": False, "message": "Not found.", "error_type": "NotFoundError"}


def test_a_browser_gets_a_page_that_says_what_to_ask_with(shared_client: FlaskClient) -> None:
    answer = shared_client.get("/nothing", headers=HTML | {"X-Request-ID": "ask-me-1"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "ask-me-1" in answer.text


def test_a_wrong_method_says_which_are_right(shared_client: FlaskClient) -> None:
    answer = shared_client.get("/api/signup")
    assert (answer.status_code, answer.json["error_type"]) == (405, "MethodNotAllowedError")
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == {"POST", "OPTIONS"}


def test_too_large_a_body_is_413(make_app: MakeApp) -> None:
    client = make_app(MAX_CONTENT_LENGTH="2000").test_client()
    answer = client.post("/api/signup", json={"email": "a" * 3000})
    assert (answer.status_code, answer.json["error_type"]) == (413, "PayloadTooLargeError")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", ""])
def test_another_type_of_body_is_415(shared_client: FlaskClient, kind: str) -> None:
    answer = shared_client.post("/api/signup", data=b"{}", content_type=kind, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error_type"]) == (415, "UnsupportedMediaTypeError")


def test_a_compressed_body_is_415(shared_client: FlaskClient) -> None:
    answer = shared_client.post(
        "/api/signup", data=b"x", content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415


@pytest.fixture
def broken(app: Flask) -> Flask:
    """The service with a fault in it."""

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("secret-detail ann@example.com")

    @app.get("/api/away")
    def away() -> None:
        raise OperationalError("SELECT secret_statement", {"email": "ann@example.com"}, Exception("gone"))

    return app


def test_the_unexpected_is_500_without_a_word_of_it(broken: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = broken.test_client().get("/api/broken", headers={"X-Request-ID": "r-1"})
    assert (answer.status_code, answer.json["error_type"]) == (500, "InternalServerError")
    assert "secret-detail" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info
    assert answer.headers["X-Request-ID"] == "r-1"


def test_a_database_that_is_away_is_503_with_when_to_come_back(broken: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = broken.test_client().get("/api/away")
    assert (answer.status_code, answer.json["error_type"]) == (503, "ServiceUnavailableError")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "database_unavailable" in caplog.text
    assert "secret_statement" not in caplog.text + answer.text


@pytest.mark.parametrize("request_id", ["abc", "A.b_c-9", "x" * 100])
def test_a_request_id_is_given_back(shared_client: FlaskClient, request_id: str) -> None:
    assert shared_client.get("/health/live", headers={"X-Request-ID": request_id}).headers["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 101, "two words", "ünïcode", "a,b"])
def test_another_request_id_is_replaced(shared_client: FlaskClient, request_id: str) -> None:
    answer = shared_client.get("/health/live", headers={"X-Request-ID": request_id.encode().decode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_the_time_it_took_is_in_seconds(shared_client: FlaskClient) -> None:
    assert re.fullmatch(r"\d\.\d{6}", shared_client.get("/health/live").headers["X-Process-Time"])


@pytest.mark.parametrize(
    ("kind", "headers", "page"),
    [
        ("form", {}, False),
        ("form", {"Accept": "*/*"}, False),
        ("form", {"Sec-Fetch-Mode": "navigate"}, True),
        ("form", {"Accept": "text/html, application/json"}, True),
        ("form", {"Accept": "application/json"}, False),
        ("form", {"Accept": "application/json, text/html"}, False),
        ("form", {"Accept": "text/html;q=0.1, application/json"}, False),
        ("form", {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, False),
        ("json", {}, False),
        ("json", {"Accept": "*/*"}, False),
        ("json", {"Accept": "text/html"}, True),
        ("json", {"Accept": "text/html, application/json"}, True),
        ("json", {"Accept": "application/json, text/html"}, False),
    ],
)
def test_json_or_page(
    shared_client: FlaskClient, ann: dict[str, Any], kind: str, headers: dict[str, str], page: bool
) -> None:
    for fields, expected in ((ann, 201), ({}, 422)):
        body = {"json": fields} if kind == "json" else {"data": fields or {"email": ""}}
        answer = shared_client.post("/api/signup", headers=headers, **body)
        assert answer.status_code == (303 if page and expected == 201 else expected)
        assert (answer.mimetype == "text/html") is page
