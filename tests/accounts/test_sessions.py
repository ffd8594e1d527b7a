"""Sign-in, refresh and sign-out."""

import uuid
from datetime import timedelta
from typing import Any

import bcrypt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from forms_service.accounts import administration
from forms_service.accounts.models import Account, RefreshToken, Session
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.security.passwords import cost_of
from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, PASSWORD, Member, bearer, login


def change(app: Flask, statement: Any) -> None:
    with app.app_context(), write_session():
        db.session.execute(statement)
        db.session.commit()


def refreshed(client: FlaskClient, token: str) -> Any:
    return client.post("/api/token/refresh", json={"refresh_token": token})


def test_correct_credentials_return_working_tokens(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    assert set(ann.tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (ann.tokens["token_type"], ann.tokens["expires_in"]) == ("Bearer", 1800)
    me = ann.call("GET", "/api/me").json["data"]
    assert (me["id"], me["email"], me["role"], me["status"]) == (ann.id, "ann@example.com", "user", "active")
    assert login(ann.client, "ANN@Example.com").status_code == 200


def test_wrong_credentials_get_the_same_response(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    Member(app_on_each_db, "pending@example.com", status="pending")
    wrong = [
        login(ann.client, "ann@example.com", "Wrong-horse-7"),
        login(ann.client, "nobody@example.com"),
        login(ann.client, "pending@example.com", "Wrong-horse-7"),
        login(ann.client, "pending@example.com"),
    ]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.data for answer in wrong}) == 1
    assert wrong[0].headers["WWW-Authenticate"] == "Bearer"


def test_a_disabled_account_is_revealed_only_with_the_correct_password(app: Flask, client: FlaskClient) -> None:
    Member(app, "closed@example.com", status="disabled")
    assert login(client, "closed@example.com", "Wrong-horse-7").status_code == 401
    answer = login(client, "closed@example.com")
    assert (answer.status_code, answer.json["details"]["reason"]) == (403, "AccountDisabled")


def test_a_hash_of_lower_cost_is_replaced_at_sign_in(make_app: MakeApp) -> None:
    app = make_app(BCRYPT_ROUNDS="5")
    Member(app)
    app = make_app(BCRYPT_ROUNDS="6")
    client = app.test_client()
    assert [login(client, "ann@example.com").status_code for _ in range(2)] == [200, 200]
    with app.app_context():
        stored = db.session.scalars(select(Account.password_hash)).one()
    assert cost_of(stored) == 6


def test_an_unknown_address_costs_one_hash_at_the_current_cost(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[int] = []
    check = bcrypt.checkpw
    monkeypatch.setattr(
        bcrypt, "checkpw", lambda password, stored: costs.append(cost_of(stored.decode())) or check(password, stored)
    )
    app = make_app(BCRYPT_ROUNDS="5")
    login(app.test_client(), "nobody@example.com")
    assert costs == [5]


@pytest.mark.parametrize(("was", "becomes"), [("5", "8"), ("8", "5")])
def test_known_and_unknown_addresses_cost_the_same_when_the_cost_changes(
    make_app_on_each_db: MakeApp, monkeypatch: pytest.MonkeyPatch, was: str, becomes: str
) -> None:
    Member(make_app_on_each_db(BCRYPT_ROUNDS=was))
    client = make_app_on_each_db(BCRYPT_ROUNDS=becomes).test_client()
    work: list[int] = []
    check = bcrypt.checkpw

    def counted(password: bytes, stored: bytes) -> bool:
        work.append(2 ** cost_of(stored.decode()))
        return check(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    for email in ("ann@example.com", "nobody@example.com"):
        work.clear()
        assert login(client, email, "Wrong-horse-7").status_code == 401
        assert sum(work) == 2**8


def test_refreshing_returns_a_new_token_pair(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    answer = refreshed(ann.client, ann.tokens["refresh_token"])
    assert answer.status_code == 200
    fresh = answer.json["data"]
    assert fresh["refresh_token"] != ann.tokens["refresh_token"]
    for token in (fresh["access_token"], ann.tokens["access_token"]):
        assert ann.client.get("/api/me", headers=bearer(token)).status_code == 200
    assert refreshed(ann.client, fresh["refresh_token"]).status_code == 200


def test_reusing_a_refresh_token_after_ten_seconds_ends_the_session(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    first = ann.tokens["refresh_token"]
    fresh = refreshed(ann.client, first).json["data"]
    change(app_on_each_db, update(RefreshToken).values(used_at=now() - timedelta(seconds=9)))
    assert refreshed(ann.client, first).status_code == 200
    change(app_on_each_db, update(RefreshToken).values(used_at=now() - timedelta(seconds=11)))
    assert refreshed(ann.client, first).status_code == 401
    assert ann.call("GET", "/api/me").status_code == 401
    assert refreshed(ann.client, fresh["refresh_token"]).status_code == 401
    ann.tokens = ann.sign_in()
    events = ann.call("GET", "/api/me/events").json["data"]
    assert any(event["name"] == "session_ended" and event["details"]["why"] == "reuse" for event in events)


def test_concurrent_refreshes_return_the_same_successor(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    first = ann.tokens["refresh_token"]
    one, other = [refreshed(ann.client, first).json["data"]["refresh_token"] for _ in range(2)]
    assert one == other != first
    following = refreshed(ann.client, one).json["data"]["refresh_token"]
    assert refreshed(ann.client, other).json["data"]["refresh_token"] == following
    change(app_on_each_db, update(RefreshToken).values(used_at=now() - timedelta(seconds=11)))
    assert refreshed(ann.client, one).status_code == 401
    assert refreshed(ann.client, following).status_code == 401, "there is no second line"


def test_a_session_ends_after_session_max_days_despite_refreshes(make_app: MakeApp) -> None:
    app = make_app(SESSION_MAX_DAYS="40")
    ann = Member(app)
    began = now() - timedelta(days=39, hours=23)
    change(app, update(Session).values(created_at=began))
    token = refreshed(ann.client, ann.tokens["refresh_token"]).json["data"]["refresh_token"]
    with app.app_context():
        assert db.session.scalars(select(Session.expires_at)).one() == began + timedelta(days=40)
    change(app, update(Session).values(created_at=began - timedelta(hours=1)))
    assert refreshed(ann.client, token).status_code == 401


def test_signing_out_everywhere_ends_sessions_but_not_keys(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db, role="owner")
    others = [ann.sign_in() for _ in range(2)]
    fields = {"password": PASSWORD, "name": "x", "scopes": ["forms:read"]}
    key = ann.call("POST", "/api/me/keys", **fields).json["data"]["key"]
    assert ann.call("DELETE", "/api/me/sessions").status_code == 200
    for tokens in (ann.tokens, *others):
        assert ann.client.get("/api/me", headers=bearer(tokens["access_token"])).status_code == 401
        assert refreshed(ann.client, tokens["refresh_token"]).status_code == 401
    assert ann.client.get("/api/forms", headers=bearer(key)).status_code == 200
    ann.tokens = ann.sign_in()
    assert "signed_out_everywhere" in {event["name"] for event in ann.call("GET", "/api/me/events").json["data"]}


@pytest.mark.parametrize("token", ["x", "fs_x", "ü" * 20, "a" * 43])
def test_an_invalid_refresh_token_is_401(client: FlaskClient, token: str) -> None:
    assert refreshed(client, token).status_code == 401


def test_signing_out_ends_only_this_session_immediately(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    other = ann.sign_in()
    assert ann.call("POST", "/api/logout").status_code == 200
    assert ann.call("GET", "/api/me").status_code == 401
    assert refreshed(ann.client, ann.tokens["refresh_token"]).status_code == 401
    assert ann.client.get("/api/me", headers=bearer(other["access_token"])).status_code == 200


def test_sessions_are_listed_in_pages_and_ended_individually(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    other = login(ann.client, "ann@example.com").json["data"]
    first = ann.call("GET", "/api/me/sessions?limit=1").json
    second = ann.call("GET", f"/api/me/sessions?limit=1&cursor={first['meta']['next']}").json
    assert [first["data"][0]["current"], second["data"][0]["current"]] == [False, True]
    assert second["meta"]["next"] is None
    shown = first["data"][0]
    assert (shown["client"], "Werkzeug" in shown["user_agent"]) == ("127.0.0.1", True)
    assert ann.call("DELETE", f"/api/me/sessions/{shown['id']}").status_code == 200
    assert ann.client.get("/api/me", headers=bearer(other["access_token"])).status_code == 401
    assert len(ann.call("GET", "/api/me/sessions").json["data"]) == 1


def test_disabling_an_account_ends_its_sessions(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    with app_on_each_db.app_context():
        administration.disable("ann@example.com")
    assert ann.call("GET", "/api/me").status_code == 401
    assert refreshed(ann.client, ann.tokens["refresh_token"]).status_code == 401


def test_an_unused_session_expires(app: Flask) -> None:
    ann = Member(app)
    change(app, update(Session).values(expires_at=now() - timedelta(seconds=1)))
    assert ann.call("GET", "/api/me").status_code == 401
    assert refreshed(ann.client, ann.tokens["refresh_token"]).status_code == 401


def test_a_sign_in_during_a_password_change_starts_no_session(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Member(app)
    check = bcrypt.checkpw

    def overtaken(password: bytes, stored: bytes) -> bool:
        right = check(password, stored)
        change(app, update(Account).values(password_hash="$2b$04$" + uuid.uuid4().hex))
        return right

    monkeypatch.setattr(bcrypt, "checkpw", overtaken)
    assert login(ann.client, "ann@example.com").status_code == 409


def test_a_browser_gets_pages_and_never_tokens(app: Flask, client: FlaskClient) -> None:
    Member(app)
    typed = {"email": "ann@example.com", "password": "Typed-secret-1"}
    wrong = client.post("/api/login", data=typed, headers=BROWSER)
    assert (wrong.status_code, wrong.mimetype) == (401, "text/html")
    assert 'value="ann@example.com"' in wrong.text
    assert "Typed-secret-1" not in wrong.text
    right = client.post("/api/login", data=typed | {"password": PASSWORD}, headers=BROWSER)
    assert (right.status_code, right.headers["Location"]) == (303, "/login/done")
    assert client.get("/login/done").status_code == 200
