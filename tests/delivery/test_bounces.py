"""A mail provider reports returned mails and complaints at `/api/bounces`."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_service.delivery import suppressions
from forms_service.delivery.suppressions import MAX_DETAIL
from tests.conftest import MakeApp
from tests.support.accounts import Member, bearer

TOKEN = "bounces-come-x7Qk29vR"
HOLDER = bearer(TOKEN)
BOB = "bob@example.com"
REPORT = {"email": BOB, "type": "hard", "reason": "5.1.1 No such user"}


@pytest.fixture
def app(make_app_on_each_db: MakeApp) -> Flask:
    """A service on each database that takes reports."""
    return make_app_on_each_db(BOUNCE_TOKEN=TOKEN)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of `app`."""
    return app.test_client()


def report(client: FlaskClient, headers: dict[str, str] = HOLDER, **changed: Any) -> TestResponse:
    return client.post("/api/bounces", json=REPORT | changed, headers=headers)


def listed(app: Flask) -> list[tuple[str | None, str, str | None]]:
    with app.app_context():
        return [(row.address, row.reason, row.detail) for row in suppressions.list_all()]


def test_without_a_token_of_the_service_there_is_no_such_page(make_app: MakeApp) -> None:
    app = make_app()
    assert report(app.test_client()).status_code == 404
    assert listed(app) == []


@pytest.mark.parametrize("headers", [{}, bearer("another-x7Qk29vR-token"), {"Authorization": f"Basic {TOKEN}"}])
def test_only_its_holder_may_report(client: FlaskClient, app: Flask, headers: dict[str, str]) -> None:
    refused = report(client, headers, type="nonsense")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert listed(app) == []


def test_an_account_may_not_either(client: FlaskClient, app: Flask) -> None:
    operator = Member(app, role="operator")
    assert report(client, operator.headers).status_code == 401
    assert listed(app) == []


def test_wrong_tokens_are_limited_and_reports_are_not(make_app: MakeApp) -> None:
    client = make_app(BOUNCE_TOKEN=TOKEN, RATE_LIMIT_REQUESTS="2", LOGIN_RATE_LIMIT="3/900").test_client()
    assert {report(client).status_code for _ in range(5)} == {202}
    wrong = [report(client, bearer("another-x7Qk29vR-token")).status_code for _ in range(4)]
    assert wrong == [401, 401, 401, 429]


@pytest.mark.parametrize("backend", ["memory", "redis"])
def test_reports_at_once_do_not_refuse_each_other(
    make_app: MakeApp, request: pytest.FixtureRequest, backend: str
) -> None:
    url = {"REDIS_URL": request.getfixturevalue("redis_url")} if backend == "redis" else {}
    app = make_app(BOUNCE_TOKEN=TOKEN, LOGIN_RATE_LIMIT="3/900", **url)
    with ThreadPoolExecutor(24) as pool:
        statuses = set(pool.map(lambda _: report(app.test_client(), type="soft").status_code, range(96)))
    assert statuses == {202}
    client = app.test_client()
    wrong = [report(client, bearer("another-x7Qk29vR-token")).status_code for _ in range(3)]
    assert wrong == [401, 401, 401]
    refused = report(client)
    assert (refused.status_code, refused.headers["X-RateLimit-Limit"]) == (429, "3")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("hard", [(BOB, "bounce", "5.1.1 No such user")]),
        ("complaint", [(BOB, "complaint", "5.1.1 No such user")]),
        ("soft", []),
    ],
)
def test_what_each_type_does(client: FlaskClient, app: Flask, kind: str, expected: list[Any]) -> None:
    for _ in range(2):  # providers repeat themselves
        response = report(client, type=kind)
        assert (response.status_code, response.json["success"]) == (202, True)
    assert listed(app) == expected


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"type": "nonsense"}, "type", "not_a_choice"),
        ({"type": None}, "type", "null"),
        ({"email": "bob"}, "email", "invalid_email"),
        ({"reason": 7}, "reason", "invalid"),
        ({"more": "x"}, "more", "unknown"),
    ],
)
def test_what_is_wrong_is_said(client: FlaskClient, app: Flask, changed: dict[str, Any], field: str, code: str) -> None:
    refused = report(client, **changed)
    assert (refused.status_code, refused.json["codes"]) == (422, {field: [code]})
    assert listed(app) == []


def test_a_reason_may_be_left_out_and_a_long_one_is_cut(client: FlaskClient, app: Flask) -> None:
    assert client.post("/api/bounces", json={"email": BOB, "type": "hard"}, headers=HOLDER).status_code == 202
    report(client, email="ann@example.com", reason="word\r\n" * 1000)
    assert listed(app)[0] == (BOB, "bounce", None)
    assert len(listed(app)[1][2] or "") == MAX_DETAIL


def test_neither_answer_nor_log_shows_address_or_token(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "forms_service")
    answers = [report(client, reason=f"<{BOB}> unknown"), report(client, bearer(f"{TOKEN}-wrong")), report(client)]
    assert "bounce_reported" in [record.getMessage() for record in caplog.records]
    for text in (str([vars(record) for record in caplog.records]), *(f"{a.headers}{a.text}" for a in answers)):
        assert BOB not in text
        assert TOKEN not in text
