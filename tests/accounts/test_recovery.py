"""Password recovery."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.accounts import constant_time
from tests.support.accounts import BROWSER, PASSWORD, Member, login, mails, token_in

NEW = "Battery-staple-8"


def forget(client: FlaskClient, email: str = "ann@example.com") -> Any:
    return client.post("/api/password/forgot", json={"email": email})


def reset(client: FlaskClient, token: str, password: str = NEW) -> Any:
    return client.post("/api/password/reset", json={"token": token, "password": password})


def test_the_response_does_not_reveal_accounts(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    Member(app_on_each_db)
    Member(app_on_each_db, "closed@example.com", status="disabled")
    answers = [forget(client_on_each_db, f"{name}@example.com") for name in ("ann", "nobody", "closed")]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.data for answer in answers}) == 1
    assert [mail["to"] for mail in mails(app_on_each_db)] == ["ann@example.com"]


def test_a_reset_works_once_and_ends_every_session(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    forget(client_on_each_db)
    forget(client_on_each_db)
    first, second = [token_in(mail) for mail in mails(app_on_each_db, "reset")]
    assert reset(client_on_each_db, first).status_code == 200
    assert ann.call("GET", "/api/me").status_code == 401
    refreshed = client_on_each_db.post("/api/token/refresh", json={"refresh_token": ann.tokens["refresh_token"]})
    assert refreshed.status_code == 401
    assert login(client_on_each_db, "ann@example.com").status_code == 401
    assert login(client_on_each_db, "ann@example.com", NEW).status_code == 200
    for spent in (first, second):
        answer = reset(client_on_each_db, spent)
        assert (answer.status_code, answer.json["codes"]) == (422, {"token": ["invalid_token"]})
    assert [mail["to"] for mail in mails(app_on_each_db, "password_reset")] == ["ann@example.com"]


def test_a_reset_confirms_a_pending_account(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    Member(app_on_each_db, status="pending")
    forget(client_on_each_db)
    assert reset(client_on_each_db, token_in(mails(app_on_each_db, "reset")[0])).status_code == 200
    assert login(client_on_each_db, "ann@example.com", NEW).status_code == 200


@pytest.mark.parametrize(("password", "code"), [("short", "too_short"), ("P@SSw0rd", "too_common")])
def test_a_rejected_password_does_not_consume_the_link(
    app: Flask, client: FlaskClient, password: str, code: str
) -> None:
    Member(app)
    forget(client)
    token = token_in(mails(app, "reset")[0])
    answer = reset(client, token, password)
    assert answer.status_code == 422
    assert code in answer.json["codes"]["password"]
    assert reset(client, token).status_code == 200


def test_a_mail_token_is_valid_for_its_own_purpose_only(app: Flask, client: FlaskClient, ann: dict[str, Any]) -> None:
    client.post("/api/signup", json=ann)
    token = token_in(mails(app, "confirm")[0])
    for path, more in (("/api/password/reset", {"password": NEW}), ("/api/me/email/confirm", {})):
        answer = client.post(path, json={"token": token, **more})
        assert (answer.status_code, answer.json["codes"]) == (422, {"token": ["invalid_token"]})


def test_the_page_behind_the_link_takes_the_new_password(app: Flask, client: FlaskClient) -> None:
    Member(app)
    forget(client)
    link = mails(app, "reset")[0]["link"].removeprefix("http://127.0.0.1:5000")
    page = client.get(link)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    token = token_in(mails(app, "reset")[0])
    assert f'value="{token}"' in page.text
    short = client.post("/api/password/reset", data={"token": token, "password": "Typed1!"}, headers=BROWSER)
    assert (short.status_code, "Typed1!" in short.text) == (422, False)
    assert f'value="{token}"' in short.text
    done = client.post("/api/password/reset", data={"token": token, "password": NEW}, headers=BROWSER)
    assert (done.status_code, done.headers["Location"]) == (303, "/reset/done")
    spent = client.post("/api/password/reset", data={"token": token, "password": PASSWORD}, headers=BROWSER)
    assert spent.status_code == 422
    assert 'href="/forgot"' in spent.text


@pytest.mark.slow
def test_the_duration_does_not_reveal_accounts(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Member(app)
    monkeypatch.setattr(constant_time, "LOOKUP_SECONDS", 0.2)
    for path in ("/api/password/forgot", "/api/signup/resend"):
        for email in ("ann@example.com", "nobody@example.com"):
            started = time.monotonic()
            client.post(path, json={"email": email})
            assert time.monotonic() - started >= 0.2
