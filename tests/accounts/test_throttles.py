"""Rate limits per account: failed sign-ins, and requests of signed-in callers."""

import io
from typing import Any

import pytest
from flask import Flask

from forms_service.accounts import guards
from forms_service.accounts.authentication import authenticate
from forms_service.accounts.hashing_gate import HashingGate
from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, Member, bearer, login, mails, token_in


def guess(app: Flask, email: str, client: str = "192.0.2.1", password: str = "Wrong-horse-7") -> Any:
    credentials = {"email": email, "password": password}
    return app.test_client().post("/api/login", json=credentials, environ_base={"REMOTE_ADDR": client})


@pytest.fixture
def guarded(make_app: MakeApp) -> Flask:
    app = make_app(LOGIN_RATE_LIMIT="3/900")
    Member(app)
    return app


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_failed_sign_ins_are_limited_per_address_even_if_it_has_no_account(guarded: Flask, email: str) -> None:
    spellings = [email, email.upper(), f"  {email}", email]
    answers = [guess(guarded, spelling, f"192.0.2.{number}") for number, spelling in enumerate(spellings)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].headers["Retry-After"] == "900"
    assert guess(guarded, "other@example.com", "192.0.2.9").status_code == 401


def test_a_sign_in_that_never_had_its_turn_does_not_count(guarded: Flask) -> None:
    gate, full = guarded.extensions["hashing"], HashingGate(slots=1, max_waiting=0, timeout=0)
    guarded.extensions["hashing"] = full
    with full.slot():
        refused = [guess(guarded, "ann@example.com", password=PASSWORD) for _ in range(4)]
    assert {answer.status_code for answer in refused} == {503}
    guarded.extensions["hashing"] = gate
    answers = [guess(guarded, "ann@example.com") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_failed_sign_ins_are_limited_per_client_across_addresses(guarded: Flask) -> None:
    answers = [guess(guarded, f"p{number}@example.com") for number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


class CountedBody(io.BytesIO):
    """A body that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def test_the_client_limit_applies_before_the_body_is_read(guarded: Flask) -> None:
    for number in range(3):
        guess(guarded, f"p{number}@example.com")
    body = CountedBody(b" " * 500_000)
    answer = guarded.test_client().post(
        "/api/login",
        input_stream=body,
        content_length=500_000,
        content_type="application/json",
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    )
    assert (answer.status_code, body.reads) == (429, 0)


def test_an_attempt_refused_by_the_account_limit_counts_for_the_client(guarded: Flask) -> None:
    for number in range(3):
        guess(guarded, "ann@example.com", f"192.0.2.{number}")
    refused = [guess(guarded, "ann@example.com", "198.51.100.1").status_code for _ in range(3)]
    assert refused == [429, 429, 429]
    assert guess(guarded, "other@example.com", "198.51.100.1").status_code == 429
    assert guess(guarded, "other@example.com", "198.51.100.2").status_code == 401


def test_a_body_without_an_address_counts_for_the_client_only(guarded: Flask) -> None:
    def status(body: Any, client: str) -> int:
        answer = guarded.test_client().post("/api/login", json=body, environ_base={"REMOTE_ADDR": client})
        return answer.status_code

    bodies = [{}, {"email": 7, "password": "x"}, ["email"]]
    assert [status(body, "192.0.2.1") for body in bodies] == [422, 422, 422]
    assert status({}, "192.0.2.1") == 429
    assert status({}, "192.0.2.2") == 422


def test_a_correct_password_resets_the_limit_of_a_known_place(make_app: MakeApp) -> None:
    app = make_app(LOGIN_RATE_LIMIT="4/900")
    browser = Member(app).client
    credentials = {"email": "ann@example.com", "password": PASSWORD}

    def sign_in(number: int, **changes: str) -> int:
        place = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answer = browser.post(
            "/api/login", json=credentials | changes, environ_base=place, headers={"Sec-Fetch-Mode": "cors"}
        )
        return answer.status_code

    for number in range(3):
        assert sign_in(4 * number) == 200
        wrong = [sign_in(4 * number + more, password="Wrong-horse-7") for more in (1, 2, 3)]
        assert wrong == [401, 401, 401]


def test_failed_attempts_of_strangers_do_not_lock_out_the_owner(guarded: Flask) -> None:
    for number in range(4):
        guess(guarded, "ann@example.com", f"192.0.2.{number}")
    assert guess(guarded, "ann@example.com", "198.51.100.1", PASSWORD).status_code == 429
    client = guarded.test_client()
    assert client.post("/api/password/forgot", json={"email": "ann@example.com"}).status_code == 202
    reset = {"token": token_in(mails(guarded, "reset")[0]), "password": "Battery-staple-8"}
    assert client.post("/api/password/reset", json=reset).status_code == 200
    assert guess(guarded, "ann@example.com", "198.51.100.1", "Battery-staple-8").status_code == 200


def test_no_limit_applies_when_rate_limiting_is_off(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMIT_ENABLED="false", LOGIN_RATE_LIMIT="1/900", RATE_LIMIT_AUTHENTICATED="1/60")
    ann = Member(app)
    assert [guess(app, "ann@example.com").status_code for _ in range(3)] == [401, 401, 401]
    assert [ann.call("GET", "/api/me").status_code for _ in range(3)] == [200, 200, 200]


class TestSignedIn:
    """A bucket of their own."""

    def test_requests_count_per_account_and_not_per_client(self, make_app: MakeApp) -> None:
        app = make_app(RATE_LIMIT_AUTHENTICATED="3/60", RATE_LIMIT_REQUESTS="100")
        ann, bob = Member(app), Member(app, "bob@example.com")
        again = bearer(ann.sign_in()["access_token"])
        answers = [ann.client.get("/api/me", headers=headers) for headers in (ann.headers, again, ann.headers, again)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["X-RateLimit-Limit"] == "3"
        assert bob.call("GET", "/api/me").status_code == 200
        assert ann.client.get("/api/openapi.json").headers["X-RateLimit-Limit"] == "100"

    def test_each_api_key_has_its_own_limit(self, make_app: MakeApp) -> None:
        app = make_app(RATE_LIMIT_AUTHENTICATED="3/60")
        olga = Member(app, role="owner")
        keys = [
            olga.call("POST", "/api/me/keys", password=PASSWORD, name="x", scopes=["tokens:introspect"])
            for _ in range(2)
        ]
        bearers = [bearer(key.json["data"]["key"]) for key in keys]

        def status(headers: dict[str, str]) -> int:
            return olga.client.post("/api/token/introspect", json={"token": "x"}, headers=headers).status_code

        assert [status(bearers[0]) for _ in range(4)] == [200, 200, 200, 429]
        assert status(bearers[1]) == 200

    def test_an_invalid_token_counts_as_an_anonymous_client(self, make_app: MakeApp) -> None:
        app = make_app(RATE_LIMIT_REQUESTS="3")
        ann = Member(app)
        ann.call("POST", "/api/logout")
        answers = [ann.call("GET", "/api/me"), ann.client.get("/api/me", headers=bearer("x")), login(ann.client, "x")]
        assert [answer.status_code for answer in answers] == [401, 401, 429]

    def test_the_session_is_looked_up_once_in_a_request(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        ann = Member(app)
        tokens: list[str] = []

        def looked_up(token: str) -> Any:
            tokens.append(token)
            return authenticate(token)

        monkeypatch.setattr(guards, "authenticate", looked_up)
        assert ann.call("GET", "/api/me").headers["X-RateLimit-Limit"] == "600"
        assert len(tokens) == 1
