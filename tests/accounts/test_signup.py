"""Sign-up over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from forms_service.accounts.hashing_gate import HashingGate
from forms_service.accounts.models import Account
from forms_service.extensions import db
from tests.conftest import MakeApp

FORM = "application/x-www-form-urlencoded"
JSON = {"Accept": "application/json"}


def the_account(app: Flask) -> Account:
    with app.app_context():
        return db.session.scalars(select(Account)).one()


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Account)) or 0


def test_creates_a_pending_account(client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]) -> None:
    answer = client_on_each_db.post(
        "/api/signup", json=ann | {"email": "  Ann@Example.com ", "phone": "+49 (170) 123-45.67"}
    )
    assert answer.status_code == 201
    assert answer.json == {
        "success": True,
        "message": answer.json["message"],
        "data": {"email": "Ann@Example.com", "status": "pending"},
        "meta": {},
    }
    account = the_account(app_on_each_db)
    assert (account.email, account.first_name, account.last_name) == ("Ann@Example.com", "Ann", "Example")
    assert (account.phone, account.role, account.status) == ("+491701234567", "user", "pending")
    assert account.created_at.tzinfo is not None


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_accepts_form_encodings(client: FlaskClient, app: Flask, ann: dict[str, Any], kind: str) -> None:
    content_type = {"urlencoded": FORM, "multipart": "multipart/form-data"}[kind]
    answer = client.post("/api/signup", data=ann | {"phone": ""}, content_type=content_type, headers=JSON)
    assert answer.status_code == 201
    assert the_account(app).phone is None


def test_personal_data_is_encrypted_in_the_database(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    fields = {
        "email": "zebedee@quagmire.example",
        "first_name": "Zebedee",
        "last_name": "Quagmire",
        "password": "Xylophone-77",
        "phone": "5550123456",
    }
    assert client_on_each_db.post("/api/signup", json=fields).status_code == 201
    with app_on_each_db.app_context():
        row = db.session.execute(text("SELECT * FROM accounts")).one()
    stored = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row).lower()
    for value in fields.values():
        assert value.lower().encode() not in stored
    assert row.password_hash.startswith("$2b$04$")


@pytest.mark.parametrize("again", ["ann@example.com", "ANN@Example.COM", "ａnn@example.com"])
def test_a_taken_address_gets_the_same_response_as_a_free_one(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any], again: str
) -> None:
    first = client_on_each_db.post("/api/signup", json=ann)
    second = client_on_each_db.post("/api/signup", json=ann | {"email": again, "first_name": "Mallory"})
    assert first.status_code == second.status_code == 201
    assert {**second.json, "data": None} == {**first.json, "data": None}
    assert second.json["data"] == {"email": again, "status": "pending"}
    assert the_account(app_on_each_db).first_name == "Ann"


def test_without_confirmation_an_account_is_active_and_a_taken_address_is_a_conflict(
    make_app: MakeApp, ann: dict[str, Any]
) -> None:
    app = make_app(SIGNUP_CONFIRMATION="false", SIGNUP_ROLE="owner")
    client = app.test_client()
    assert client.post("/api/signup", json=ann).json["data"]["status"] == "active"
    assert the_account(app).role == "owner"
    answer = client.post("/api/signup", json=ann)
    assert (answer.status_code, answer.json["error_type"]) == (409, "ConflictError")


@pytest.mark.parametrize("name", ["李", "준", "あ", "ア", "\U00020bb7"])
def test_one_character_is_a_whole_name_in_some_scripts(client: FlaskClient, ann: dict[str, Any], name: str) -> None:
    assert client.post("/api/signup", json=ann | {"first_name": name, "last_name": name}).status_code == 201
    refused = client.post("/api/signup", json=ann | {"first_name": "A", "last_name": "Я"})
    assert refused.json["codes"] == {"first_name": ["too_short"], "last_name": ["too_short"]}


def test_an_address_is_taken_without_what_cannot_be_seen_in_it(client: FlaskClient, ann: dict[str, Any]) -> None:
    answer = client.post("/api/signup", json=ann | {"email": "\u202aann@example.com\u202c\u200b "})
    assert (answer.status_code, answer.json["data"]["email"]) == (201, "ann@example.com")


def test_closed_sign_up_is_forbidden(make_app: MakeApp, ann: dict[str, Any]) -> None:
    answer = make_app(SIGNUP_ENABLED="false").test_client().post("/api/signup", json=ann)
    assert (answer.status_code, answer.json["error_type"]) == (403, "AuthorizationError")


def test_all_errors_are_reported_together(client: FlaskClient) -> None:
    answer = client.post(
        "/api/signup", json={"email": "a@localhost", "first_name": "A", "password": "short", "phone": "123", "age": 7}
    )
    assert answer.status_code == 422
    assert answer.json["codes"] == {
        "email": ["invalid_email"],
        "first_name": ["too_short"],
        "last_name": ["required"],
        "password": ["too_short", "no_uppercase", "no_digit", "no_special"],
        "phone": ["too_short"],
        "age": ["unknown"],
    }
    assert list(answer.json["errors"]) == list(answer.json["codes"])
    assert all(message.endswith(".") for message in answer.json["errors"].values())
    assert "localhost" not in answer.text


def test_unknown_fields_are_reported_last_in_request_order(client: FlaskClient) -> None:
    strange = ["zulu", "alpha", "", "mike", "a.b", "echo", "yankee", "bravo"]
    answer = client.post("/api/signup", json=dict.fromkeys([*strange, "phone", "email"], 1))
    known = ["email", "first_name", "last_name", "password", "phone"]
    assert list(answer.json["codes"]) == [*known, *(name or "body" for name in strange)]


def test_a_duplicate_field_is_rejected_by_name(client: FlaskClient, ann: dict[str, Any]) -> None:
    answer = client.post("/api/signup", data=ann | {"email": ["a@example.com", "b@example.com"]}, headers=JSON)
    assert (answer.status_code, answer.json["codes"]) == (422, {"email": ["invalid"]})


def test_a_full_hashing_queue_is_503_with_retry_after(app: Flask, client: FlaskClient, ann: dict[str, Any]) -> None:
    gate = app.extensions["hashing"] = HashingGate(slots=1, max_waiting=0, timeout=0)
    with gate.slot():
        answer = client.post("/api/signup", json=ann)
    assert (answer.status_code, answer.json["error_type"]) == (503, "ServiceUnavailableError")
    assert answer.headers["Retry-After"] == "5"
    assert client.post("/api/signup", json=ann).status_code == 201


class TestInABrowser:
    """Answers to a plain HTML form."""

    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

    def test_success_redirects_to_a_page(self, client: FlaskClient, ann: dict[str, Any]) -> None:
        answer = client.post("/api/signup", data=ann, headers=self.browser)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/signup/thanks")
        assert "Thank you" in client.get(answer.headers["Location"]).text

    def test_an_error_shows_the_form_with_values_but_no_password(
        self, client: FlaskClient, ann: dict[str, Any]
    ) -> None:
        typed = ann | {"email": '"><script>alert(1)</script>', "password": "Secret-but-typed-1"}
        answer = client.post("/api/signup", data=typed, headers=self.browser)
        assert (answer.status_code, answer.mimetype) == (422, "text/html")
        assert 'value="Ann"' in answer.text
        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert "Secret-but-typed-1" not in answer.text
        assert "Enter an e-mail address" in answer.text

    def test_the_hosted_form_posts_to_the_api(self, client: FlaskClient) -> None:
        page = client.get("/signup").text
        assert 'action="/api/signup"' in page
        for name in ("email", "first_name", "last_name", "password", "phone"):
            assert f'name="{name}"' in page

    def test_a_rate_limit_is_shown_as_a_page(self, make_app: MakeApp, ann: dict[str, Any]) -> None:
        client = make_app(SIGNUP_RATE_LIMIT="1/900").test_client()
        client.post("/api/signup", data=ann, headers=self.browser)
        answer = client.post("/api/signup", data=ann, headers=self.browser)
        assert (answer.status_code, answer.mimetype) == (429, "text/html")
        assert "Too many requests" in answer.text
        assert f'value="{ann["email"]}"' in answer.text
        assert ann["password"] not in answer.text
