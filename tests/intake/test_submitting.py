"""Sending a form: what is taken, in which encodings, and what is kept of it."""

import json
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from forms_service import signals
from forms_service.extensions import db
from forms_service.validation.references import reference_of
from tests.conftest import MakeApp
from tests.support.definitions import multipart, text_part
from tests.support.visitors import (
    ANN,
    CONTACT,
    JSON,
    control_of,
    data_of,
    form_for,
    only,
    queued,
    submissions_of,
    without_reference,
)

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


def test_is_kept_before_it_is_acknowledged(client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str) -> None:
    events: list[dict[str, Any]] = []

    def hear(_: object, **details: Any) -> None:
        events.append({**details, "kept": len(submissions_of(app_on_each_db, form))})

    with signals.submission_created.connected_to(hear):
        answer = client_on_each_db.post(f"/f/{form}", json=ANN)
    assert answer.status_code == 200
    submission = only(app_on_each_db, form)
    assert answer.json["data"] == {"id": str(submission.id), "reference": reference_of(submission.id)}
    assert (submission.form_version, submission.status, submission.read, submission.spam_reasons) == (
        1,
        "inbox",
        False,
        "",
    )
    assert submission.created_at.tzinfo is not None
    assert json.loads(submission.data) == ANN
    assert submission.control is None
    assert events == [{"submission_id": submission.id, "form_id": form, "kept": 1}]


@pytest.mark.parametrize("kind", ["json", "urlencoded", "multipart"])
def test_three_encodings_and_repeated_names(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str, kind: str
) -> None:
    pairs = [("topics", "sales"), ("name", "Ann"), ("topics", "other"), ("email", "a@example.com"), ("extra", " x ")]
    fields = {"topics": ["sales", "other"], "name": "Ann", "email": "a@example.com", "extra": " x "}
    bodies: dict[str, dict[str, Any]] = {
        "json": {"json": fields},
        "urlencoded": {"data": "&".join(f"{name}={quote(value)}" for name, value in pairs), "content_type": URLENCODED},
        "multipart": multipart(*(text_part(name, value) for name, value in pairs)),
    }
    assert client_on_each_db.post(f"/f/{form}", headers=JSON, **bodies[kind]).status_code == 200
    assert list(data_of(app_on_each_db, form).items()) == list(fields.items())


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        "  Tom & Jerry \r\n\t ",
        "=HYPERLINK(1)",
        "e\u0301\u2028 \U0001f469\u200d\U0001f680",
        "' OR 1=1 --",
        "\u202egnp.exe",
        "{{ 7*7 }}",
    ],
)
@pytest.mark.parametrize("kind", ["json", "urlencoded", "multipart"])
def test_values_are_kept_as_typed_up_to_nfc(app: Flask, anything: str, value: str, kind: str) -> None:
    name = f"na\u0308me {value[:3]}"
    bodies: dict[str, dict[str, Any]] = {
        "json": {"json": {name: value}},
        "urlencoded": {"data": {name: value}, "content_type": URLENCODED},
        "multipart": multipart(text_part(name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22"), value)),
    }
    answer = app.test_client().post(f"/f/{anything}", headers=JSON, **bodies[kind])
    assert answer.status_code == 200, answer.json
    assert list(data_of(app, anything).values()) == [unicodedata.normalize("NFC", value)]


def test_json_values_stay_what_they_are_where_no_fields_are_defined(app: Flask, anything: str) -> None:
    data = {"a": 1, "b": [1, "x", None], "c": {"d": [True, {"e": 1.5}]}, "f": None, "g": False, "h": "", "i": 10**40}
    assert app.test_client().post(f"/f/{anything}", json=data).status_code == 200
    assert data_of(app, anything) == data


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", '[{"a": 1}]'])
def test_json_that_is_no_object_is_a_422(app: Flask, anything: str, body: str) -> None:
    answer = app.test_client().post(f"/f/{anything}", data=body, content_type="application/json")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["body"])


@pytest.mark.parametrize(("count", "status"), [(500, 200), (501, 413)])
@pytest.mark.parametrize("kind", ["json", "repeated", "urlencoded"])
def test_at_most_500_values(app: Flask, anything: str, count: int, status: int, kind: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "json": {"json": {f"n{number}": "x" for number in range(count)}},
        "repeated": {"json": {"n": ["x"] * count}},
        "urlencoded": {"data": "&".join(["n=x"] * count), "content_type": URLENCODED},
    }
    answer = app.test_client().post(f"/f/{anything}", headers=JSON, **bodies[kind])
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"a": 1', "application/json", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b'{"a": 1}', "application/xml", 415),
        (b"a=" + b"x" * 2**20, URLENCODED, 413),
    ],
)
def test_what_cannot_be_read(app: Flask, anything: str, body: bytes, content_type: str, status: int) -> None:
    answer = app.test_client().post(f"/f/{anything}", data=body, content_type=content_type, headers=JSON)
    assert answer.status_code == status
    assert answer.json["error"] == answer.json["message"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert submissions_of(app, anything) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"a": "", "b": " \n"},
        {"a": None, "b": [], "c": {}},
        {"a": ["", [None]], "b": {"c": [" "]}},
        {"_next": "/x", "_gotcha": "spam"},
    ],
)
def test_an_empty_one_is_a_422(app: Flask, anything: str, body: dict[str, Any]) -> None:
    answer = app.test_client().post(f"/f/{anything}", json=body)
    assert (answer.status_code, answer.json["codes"]) == (422, {"body": ["empty"]})


@pytest.mark.parametrize(("body", "status"), [("a=&a=", 422), ("a=&a=+", 422), ("a=&a=x", 200)])
def test_a_name_sent_twice_and_empty_both_times_is_empty(app: Flask, anything: str, body: str, status: int) -> None:
    answer = app.test_client().post(f"/f/{anything}", data=body, content_type=URLENCODED, headers=JSON)
    assert answer.status_code == status
    assert answer.json.get("codes") == ({"body": ["empty"]} if status == 422 else None)


def test_every_fault_of_every_field_is_named(client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str) -> None:
    answer = client_on_each_db.post(f"/f/{form}", json={"email": "nobody", "age": "old", "topics": "?", "name": " "})
    assert answer.status_code == 422
    assert answer.json["codes"] == {
        "name": ["blank"],
        "email": ["invalid_email"],
        "age": ["invalid_number"],
        "topics": ["not_a_choice"],
    }
    assert submissions_of(app_on_each_db, form) == []


def test_unknown_fields_are_kept_dropped_or_refused(app: Flask) -> None:
    client, fields = app.test_client(), {**ANN, "extra": "x", "_cc": "eve@example.com"}
    keeping, dropping, refusing = (form_for(app, CONTACT, unknown_fields=how) for how in ("keep", "drop", "reject"))
    assert [client.post(f"/f/{form}", json=fields).status_code for form in (keeping, dropping, refusing)] == [
        200,
        200,
        422,
    ]
    assert data_of(app, keeping) == {**ANN, "extra": "x"}
    assert data_of(app, dropping) == ANN
    assert client.post(f"/f/{refusing}", json={**ANN, "_cc": "eve@example.com"}).status_code == 200


def test_special_fields_are_control_and_never_data(app: Flask, anything: str) -> None:
    special = {
        "_next": "/a",
        "redirect": "/b",
        "redirectTo": "/c",
        "_replyto": "reply@example.com",
        "replyto": "r2@example.com",
        "_subject": "Hi",
        "subject": "Hello",
        "_language": "de",
        "_cc": ["eve@example.com", "mallory@example.com"],
        "access_key": "key",
        "form-name": "contact",
        "_captcha": False,
        "_autoresponse": "Thanks",
    }
    tokens = {"g-recaptcha-response": "token", "_gotcha": "", "botcheck": False, "_started": "x"}
    assert app.test_client().post(f"/f/{anything}", json={**special, **tokens, "message": "x"}).status_code == 200
    assert data_of(app, anything) == {"message": "x"}
    assert control_of(app, anything) == {**special, "_cc": "eve@example.com, mallory@example.com", "_captcha": "false"}
    assert queued(app, anything)[0].target == "owner@example.com"


def test_a_subject_that_the_form_asks_for_is_data(app: Flask) -> None:
    form = form_for(app, [{"name": "subject", "type": "text"}])
    assert app.test_client().post(f"/f/{form}", json={"subject": "Prices"}).status_code == 200
    assert data_of(app, form) == {"subject": "Prices"}
    assert control_of(app, form) == {}


@pytest.mark.parametrize("trap", ["_gotcha", "_honey", "botcheck", "honeypot", "bot-field", "website"])
def test_a_filled_in_honeypot_means_the_spam_folder_and_the_same_answer(app: Flask, trap: str) -> None:
    form = form_for(app, CONTACT, honeypot="website")
    client = app.test_client()
    good = client.post(f"/f/{form}", json={**ANN, trap: ""})
    bad = client.post(f"/f/{form}", json={**ANN, trap: "http://buy.example"})
    assert [
        (answer.json.keys(), answer.json["data"].keys(), without_reference(answer.json["next"]))
        for answer in (good, bad)
    ] == [(good.json.keys(), {"id", "reference"}, f"http://127.0.0.1:5000/f/{form}/thanks")] * 2
    inbox, spam = submissions_of(app, form)
    assert (inbox.status, spam.status, spam.spam_reasons) == ("inbox", "spam", "honeypot")
    assert json.loads(spam.data) == ANN
    assert len(queued(app, form)) == 1


@pytest.mark.parametrize(
    ("trap", "reasons"), [("_gotcha=&_gotcha=", ""), ("_gotcha=&_gotcha=x", "honeypot"), ("_gotcha=", "")]
)
def test_a_honeypot_counts_when_one_of_its_values_is_filled_in(
    app: Flask, anything: str, trap: str, reasons: str
) -> None:
    answer = app.test_client().post(f"/f/{anything}", data=f"a=x&{trap}", content_type=URLENCODED, headers=JSON)
    assert answer.status_code == 200
    assert only(app, anything).spam_reasons == reasons


def test_nothing_that_was_sent_can_be_read_in_the_database(
    client_on_each_db: FlaskClient, app_on_each_db: Flask
) -> None:
    form = form_for(app_on_each_db, store_ip="full")
    fields = {"who": "Zebedee", "mail": "zebedee@quagmire.example", "_subject": "Xylophone"}
    headers = {"Idempotency-Key": "quagmire-key"}
    assert client_on_each_db.post(f"/f/{form}", json=fields, headers=headers).status_code == 200
    with app_on_each_db.app_context():
        tables = ("submissions", "submission_people", "outbox", "idempotency_keys")
        rows = [row for table in tables for row in db.session.execute(text(f"SELECT * FROM {table}"))]
    assert len(rows) == 5, "an idempotency key is two rows"
    values = [value for row in rows for value in row]
    stored = b" ".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in values).lower()
    for word in (b"zebedee", b"quagmire", b"xylophone", b"owner@example.com", b"127.0.0.1"):
        assert word not in stored
