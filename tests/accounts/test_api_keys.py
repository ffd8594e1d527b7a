"""API keys and token introspection."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from forms_service.accounts import administration
from forms_service.accounts.guards import token_hash
from forms_service.accounts.models import SCOPES, ApiKey
from forms_service.database.types import now
from forms_service.extensions import db
from tests.accounts.test_sessions import change
from tests.support.accounts import PASSWORD, Member, bearer, mails


@pytest.fixture
def olga(app_on_each_db: Flask) -> Member:
    return Member(app_on_each_db, "olga@example.com", role="owner")


def key_with(person: Member, *scopes: str) -> dict[str, Any]:
    answer = person.call("POST", "/api/me/keys", password=PASSWORD, name="my site", scopes=list(scopes))
    assert answer.status_code == 201
    key: dict[str, Any] = answer.json["data"]
    return key


def introspected(person: Member, key: str, token: str) -> dict[str, Any]:
    answer = person.client.post("/api/token/introspect", data={"token": token}, headers=bearer(key))
    assert answer.status_code == 200
    claims: dict[str, Any] = answer.json
    return claims


def test_a_key_is_shown_once_and_hashed_at_rest(olga: Member, app_on_each_db: Flask) -> None:
    made = key_with(olga, "submissions:read", "forms:read")
    assert made["key"].startswith("fs_")
    assert made["scopes"] == ["forms:read", "submissions:read"]
    (shown,) = olga.call("GET", "/api/me/keys").json["data"]
    assert shown == {name: value for name, value in made.items() if name != "key"}
    with app_on_each_db.app_context():
        stored = db.session.scalars(db.select(ApiKey)).one()
        assert stored.hash == token_hash(made["key"])
    (mail,) = mails(app_on_each_db)
    assert (mail["kind"], mail["to"], mail["name"]) == ("new_key", "olga@example.com", "my site")
    assert made["key"] not in str(mail)


def test_keys_are_listed_in_pages_and_revoked(olga: Member) -> None:
    first, second = key_with(olga, "forms:read"), key_with(olga, "forms:read")
    page = olga.call("GET", "/api/me/keys?limit=1").json
    assert [key["id"] for key in page["data"]] == [second["id"]]
    rest = olga.call("GET", f"/api/me/keys?cursor={page['meta']['next']}").json
    assert ([key["id"] for key in rest["data"]], rest["meta"]["next"]) == ([first["id"]], None)
    key = key_with(olga, "tokens:introspect")
    assert introspected(olga, key["key"], "x") == {"active": False}
    assert olga.call("DELETE", f"/api/me/keys/{key['id']}").status_code == 200
    answer = olga.client.post("/api/token/introspect", data={"token": "x"}, headers=bearer(key["key"]))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "scopes", [[], ["forms:read", "everything"], "forms:read", None, [1], [["forms:read"]], {"forms:read": 1}]
)
def test_unknown_scopes_are_rejected(app: Flask, scopes: Any) -> None:
    olga = Member(app, role="owner")
    answer = olga.client.post(
        "/api/me/keys", json={"password": PASSWORD, "name": "x", "scopes": scopes}, headers=olga.headers
    )
    assert answer.status_code == 422
    assert list(answer.json["codes"]) == ["scopes"]


def test_only_owner_sessions_create_keys(olga: Member, app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    assert ann.call("POST", "/api/me/keys", password=PASSWORD, name="x", scopes=["forms:read"]).status_code == 403
    made = key_with(olga, *SCOPES)
    answer = olga.client.post(
        "/api/me/keys", json={"password": PASSWORD, "name": "x", "scopes": ["forms:read"]}, headers=bearer(made["key"])
    )
    assert answer.status_code == 403


def test_key_usage_is_recorded_once_an_hour(olga: Member, app_on_each_db: Flask) -> None:
    made = key_with(olga, "tokens:introspect")

    def uses() -> int:
        events = olga.call("GET", "/api/me/events?limit=100").json["data"]
        return sum(event["name"] == "key_used" and event["details"]["key"] == made["id"] for event in events)

    for _ in range(3):
        introspected(olga, made["key"], "x")
    assert uses() == 1
    change(app_on_each_db, update(ApiKey).values(last_used_at=now() - timedelta(hours=1, seconds=1)))
    introspected(olga, made["key"], "x")
    assert uses() == 2
    assert olga.call("GET", "/api/me/keys").json["data"][0]["last_used_at"]


class TestIntrospection:
    """RFC 7662."""

    def test_an_active_token_is_described(self, olga: Member, app_on_each_db: Flask) -> None:
        key = key_with(olga, "tokens:introspect")["key"]
        ann = Member(app_on_each_db)
        claims = introspected(olga, key, ann.tokens["access_token"])
        assert claims["exp"] - claims["iat"] == 1800
        assert {name: claims[name] for name in ("active", "token_type", "sub", "username", "role")} == {
            "active": True,
            "token_type": "Bearer",
            "sub": ann.id,
            "username": "ann@example.com",
            "role": "user",
        }

    def test_any_other_token_is_only_inactive(self, olga: Member, app_on_each_db: Flask) -> None:
        key = key_with(olga, "tokens:introspect")["key"]
        ann = Member(app_on_each_db)
        ann.call("POST", "/api/logout")
        for token in (ann.tokens["access_token"], ann.tokens["refresh_token"], key, "x", "ü.ü.ü"):
            assert introspected(olga, key, token) == {"active": False}

    def test_introspection_requires_the_scope(self, olga: Member) -> None:
        fields = {"token": "x", "token_type_hint": "access_token"}

        def status(headers: dict[str, str]) -> int:
            return olga.client.post("/api/token/introspect", json=fields, headers=headers).status_code

        key, other = key_with(olga, "tokens:introspect")["key"], key_with(olga, "forms:read")["key"]
        assert [status(headers) for headers in ({}, olga.headers, bearer(other), bearer(key))] == [401, 403, 403, 200]


def test_a_key_of_a_disabled_account_is_rejected(olga: Member, app_on_each_db: Flask) -> None:
    key = key_with(olga, "tokens:introspect")["key"]
    with app_on_each_db.app_context():
        administration.disable("olga@example.com")
    answer = olga.client.post("/api/token/introspect", data={"token": "x"}, headers=bearer(key))
    assert answer.status_code == 401
