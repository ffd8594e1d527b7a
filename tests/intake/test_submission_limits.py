"""Limits of a form: addresses, closed and full forms, and rates."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.submissions.email_addresses import email_blind_index
from tests.conftest import MakeApp
from tests.support.visitors import ANN, CONTACT, form_for, only, people, submissions_of


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


def test_people_are_found_by_every_address_that_is_a_value(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, form: str
) -> None:
    free = form_for(app_on_each_db)
    fields = {
        "email": " Ann@Example.com ",
        "message": "bob@example.com",
        "friends": "gina@example.com, hans@example.com;\nida@example.com , ann@example.com",
        "ccemail": "jana@example.com",
        "_cc": ["kurt@example.com", "lena@example.com"],
    }
    assert client_on_each_db.post(f"/f/{form}", json={**ANN, **fields}).status_code == 200
    nested = {"a": ["carl@example.com", {"b": "dora@example.com"}], "_replyto": "eve@example.com, fred@example.com"}
    assert client_on_each_db.post(f"/f/{free}", json=nested).status_code == 200
    names = ("ann", "bob", "carl", "dora", "eve", "fred", "gina", "hans", "ida", "jana", "kurt", "lena")
    with app_on_each_db.app_context():
        assert people(app_on_each_db) == {email_blind_index(f"{name}@example.com") for name in names}


@pytest.mark.parametrize(
    "text",
    [
        "Write to bob@example.com",
        "bob@example.com please",
        "Hello, bob@example.com",
        "bob@localhost",
        "<bob@x.org> please",
    ],
)
def test_an_address_in_running_text_finds_nobody(make_app: MakeApp, text: str) -> None:
    app = make_app()
    form = form_for(app, [{"name": "message", "type": "textarea"}])
    assert app.test_client().post(f"/f/{form}", json={"message": text}).status_code == 200
    assert people(app) == set()


@pytest.mark.parametrize("kind", ["list", "text"])
def test_at_most_500_addresses(app: Flask, anything: str, kind: str) -> None:
    client, addresses = app.test_client(), [f"a{number}@example.com" for number in range(501)]

    def post(count: int) -> Any:
        selected = addresses[:count]
        return client.post(f"/f/{anything}", json={"to": {"all": selected} if kind == "list" else ",".join(selected)})

    assert post(500).status_code == 200
    answer = post(501)
    assert (answer.status_code, answer.json["error_type"]) == (413, "PayloadTooLargeError")
    assert "500" in answer.json["message"]
    assert len(submissions_of(app, anything)) == 1


@pytest.mark.parametrize(("how", "expected"), [("none", None), ("truncated", "203.0.113.0"), ("full", "203.0.113.77")])
def test_the_clients_address_is_kept_as_the_form_says(app: Flask, how: str, expected: str | None) -> None:
    form = form_for(app, store_ip=how)
    app.test_client().post(f"/f/{form}", json=ANN, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    assert only(app, form).client == expected


@pytest.mark.parametrize("form_id", ["AAAAAAAAAAAAAAAA", "x", "a" * 300, "%20", "..%2Fhealth"])
def test_a_form_that_is_not_there_is_a_404(app: Flask, form_id: str) -> None:
    answer = app.test_client().post(f"/f/{form_id}", json=ANN)
    assert answer.status_code == 404
    assert answer.json["error_type"] == "NotFoundError"


def test_a_closed_form_takes_nothing(app: Flask) -> None:
    form = form_for(app, CONTACT, closed=True)
    answer = app.test_client().post(f"/f/{form}", json={})
    assert (answer.status_code, answer.json["details"]) == (403, {"reason": "INACTIVE"})
    assert answer.json["error_type"] == "AuthorizationError"


def test_a_full_form_takes_no_more_and_spam_fills_none(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    form = form_for(app_on_each_db, max_submissions=2)
    bodies = [{"n": "1", "_gotcha": "x"}, {"n": "1"}, {"n": "2"}, {"n": "3"}]
    assert [client_on_each_db.post(f"/f/{form}", json=one).status_code for one in bodies] == [200, 200, 200, 403]
    assert sorted(row.status for row in submissions_of(app_on_each_db, form)) == ["inbox", "inbox", "spam"]


def test_each_client_may_send_so_many(make_app: MakeApp) -> None:
    app = make_app(SUBMISSION_RATE_LIMIT="2/60")
    form, other = form_for(app), form_for(app)
    client = app.test_client()
    answers = [client.post(f"/f/{form}", json={"n": number}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    assert answers[-1].json["error"] == answers[-1].json["message"]
    assert answers[-1].headers["Access-Control-Allow-Origin"] == "*"
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.post(f"/f/{other}", json={"n": 1}, environ_base=elsewhere).status_code == 200
    assert client.options(f"/f/{form}").status_code == 204


def test_a_flood_on_one_form_is_not_counted_against_another(make_app: MakeApp) -> None:
    app = make_app(FORM_RATE_LIMIT="3/60")
    form, other = form_for(app), form_for(app)
    client = app.test_client()

    def post(to: str, number: int) -> int:
        environ = {"REMOTE_ADDR": f"198.51.100.{number}"}
        return client.post(f"/f/{to}", json={"n": number}, environ_base=environ).status_code

    assert [post(form, number) for number in range(5)] == [200, 200, 200, 429, 429]
    assert post(other, 9) == 200
