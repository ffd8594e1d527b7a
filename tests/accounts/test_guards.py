"""Guards of every route, and forged tokens."""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from typing import Any

import jwt
import pytest
from flask import Flask

from forms_service.accounts import access_tokens
from forms_service.accounts.guards import caller, require_operator
from forms_service.security import derive_subkey
from forms_service.web.openapi import described
from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, Member, bearer

SECRET = "a secret that only this test knows, 0123456789"


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Forger:
    """Makes tokens with the service's own key, so that only what is tried is wrong."""

    def __init__(self, app: Flask, person: Member) -> None:
        with app.app_context():
            self.key = derive_subkey(app.config["SETTINGS"].secret_key, "forms_service access token")
        self.good = person.tokens["access_token"]
        self.claims: dict[str, Any] = jwt.decode(self.good, options={"verify_signature": False})

    def token(self, header: dict[str, Any] | None = None, key: bytes | None = None, **claims: Any) -> str:
        payload = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        head = {"alg": "HS256", "typ": "at+jwt", **(header or {})}
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(head["alg"], "sha256")
        signed = f"{encoded(head)}.{encoded(payload)}"
        signature = hmac.digest(self.key if key is None else key, signed.encode(), digest)
        return f"{signed}.{encoded(signature)}"


@pytest.fixture(scope="module")
def ann(shared_app: Flask) -> Member:
    return Member(shared_app)


@pytest.fixture(scope="module")
def forger(shared_app: Flask, ann: Member) -> Forger:
    return Forger(shared_app, ann)


def status(person: Member, token: str) -> int:
    answer = person.client.get("/api/me", headers=bearer(token))
    assert answer.status_code == 200 or answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code


def test_a_token_signed_with_the_right_key_is_accepted(ann: Member, forger: Forger) -> None:
    assert [status(ann, token) for token in (forger.good, forger.token())] == [200, 200]


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"])
def test_another_algorithm_is_401(ann: Member, forger: Forger, alg: str) -> None:
    assert status(ann, forger.token({"alg": alg})) == 401
    body = forger.good.split(".")[1]
    assert status(ann, f"{encoded({'alg': alg, 'typ': 'at+jwt'})}.{body}.") == 401
    assert status(ann, f"{encoded({'alg': alg, 'typ': 'at+jwt'})}.{body}") == 401


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "AT+JWT"},
        {"kid": "../../dev/null"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
    ],
)
def test_an_unexpected_header_is_401(ann: Member, forger: Forger, header: dict[str, Any]) -> None:
    assert status(ann, forger.token(header)) == 401


def test_another_key_is_401(shared_app: Flask, ann: Member, forger: Forger) -> None:
    secret = shared_app.config["SETTINGS"].secret_key.encode()
    part = forger.key[1:]  # not without its end: HMAC adds zeros there, so that a last zero makes no difference
    for key in (b"", b"\0", secret, hashlib.sha256(secret).digest(), part, b"-----BEGIN PUBLIC KEY-----"):
        assert status(ann, forger.token(key=key)) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"exp": 1e400},
        {"exp": [9999999999]},
        {"iat": 9999999999},
        {"iat": None},
        {"iss": None},
        {"iss": "another"},
        {"sub": None},
        {"sub": 1},
        {"sub": str(uuid.uuid4())},
        {"sub": "' OR 1=1"},
        {"sid": None},
        {"sid": 5},
        {"sid": "x"},
        {"sid": ["x"]},
        {"sid": str(uuid.uuid4())},
        {"jti": None},
        {"nbf": 9999999999},
        {"aud": "another"},
    ],
)
def test_unexpected_claims_are_401(ann: Member, forger: Forger, claims: dict[str, Any]) -> None:
    assert status(ann, forger.token(**claims)) == 401


def test_a_session_of_another_account_is_401(shared_app: Flask, ann: Member, forger: Forger) -> None:
    bob = Member(shared_app, "bob@example.com")
    theirs = Forger(shared_app, bob).claims
    assert status(ann, forger.token(sid=theirs["sid"])) == 401
    assert status(ann, forger.token(sub=theirs["sub"])) == 401


def test_a_truncated_changed_or_padded_token_is_401(ann: Member, forger: Forger) -> None:
    head, body, signature = forger.good.split(".")
    tricks = [
        *(forger.good[:length] for length in (0, 1, 10, len(head), len(head) + 1, len(forger.good) - 1)),
        f"{head}.{body}.{signature}.{signature}",
        f"{head}..{signature}",
        f".{body}.{signature}",
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}.{signature}==",
        f"{head}.{body}.{signature}!",
        f"{head}.{body}.{signature}\u00e9",
        f"{head}.{body}. {signature}",
        f"{head}.{encoded({**forger.claims, 'sub': str(uuid.uuid4())})}.{signature}",
        f"{head}.{encoded(b'[]')}.{signature}",
        f"{encoded(b'[' * 300)}.{body}.{signature}",
        f"{encoded(b'[]')}.{body}.{signature}",
        f"{encoded(bytes([255, 254]))}.{body}.{signature}",
        json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}),
        "x" * 5000,
        "." * 900,
        "\u00fc.\u00fc.\u00fc",
        "fs_" + "x" * 43,
        "fs_\u00fc",
        "null",
    ]
    assert {status(ann, token) for token in tricks} == {401}


def test_a_signature_with_other_bits_in_its_last_character_is_401(ann: Member, forger: Forger) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    statuses = {letter: status(ann, forger.good[:-1] + letter) for letter in letters}
    assert statuses.pop(forger.good[-1]) == 200
    assert set(statuses.values()) == {401}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic {}", "Token {}", "{}", "Bearer{}", "Bearer  x {}"])
def test_another_scheme_is_401(ann: Member, header: str) -> None:
    headers = {"Authorization": header.format(ann.tokens["access_token"])}
    assert ann.client.get("/api/me", headers=headers).status_code == 401


def test_the_scheme_is_case_insensitive(ann: Member) -> None:
    headers = {"Authorization": f"bEARER {ann.tokens['access_token']}"}
    assert ann.client.get("/api/me", headers=headers).status_code == 200


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_algorithm_is_a_setting(make_app: MakeApp, algorithm: str) -> None:
    app = make_app(ALGORITHM=algorithm, ACCESS_TOKEN_EXPIRE_MINUTES="1", SECRET_KEY=SECRET)
    ann = Member(app)
    assert jwt.get_unverified_header(ann.tokens["access_token"]) == {"alg": algorithm, "typ": "at+jwt"}
    assert ann.tokens["expires_in"] == 60
    assert status(ann, ann.tokens["access_token"]) == 200


def test_a_token_expires(ann: Member, forger: Forger) -> None:
    at = int(time.time())
    assert status(ann, forger.token(exp=at + 5)) == 200
    assert status(ann, forger.token(exp=at)) == 401


def test_a_token_of_another_secret_is_401(make_app: MakeApp) -> None:
    ann = Member(make_app(SECRET_KEY=SECRET))
    other = make_app(SECRET_KEY=SECRET[::-1]).test_client()
    assert other.get("/api/me", headers=ann.headers).status_code == 401


class TestEveryRoute:
    """Checks on all routes, those added later too."""

    def guarded(self, app: Flask) -> list[tuple[str, str, str]]:
        """Method, rule and a path of every route that takes a bearer token."""
        routes = []
        for rule in app.url_map.iter_rules():
            guard: str = app.view_functions[rule.endpoint].guarded_by  # type: ignore[attr-defined]
            if guard in ("public", "METRICS_TOKEN", "BOUNCE_TOKEN") or guard.startswith("console "):
                continue
            variables = re.findall(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", rule.rule)
            values = {name: self.nothings(converter) for converter, name in variables}
            path = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or ())))
            routes += [(method, rule.rule, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
        return routes

    @staticmethod
    def nothings(converter: str) -> Any:
        """An id that nothing has."""
        return {"uuid": uuid.uuid4(), "int": 7}.get(converter, "x" * 16)

    def test_guarded_routes_are_401_without_a_valid_token(self, make_app: MakeApp) -> None:
        app = make_app(RATE_LIMIT_ENABLED="false")
        forger = Forger(app, Member(app))
        bad = [{}, *map(bearer, ("nonsense", "fs_nonsense", forger.token(exp=1), forger.token(key=b"another")))]
        routes = self.guarded(app)
        assert len(routes) >= 14
        client = app.test_client()
        for method, _, path in routes:
            answers = [client.open(path, method=method, headers=headers) for headers in bad]
            assert {answer.status_code for answer in answers} == {401}, (method, path)
            assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}

    def test_only_guarded_routes_declare_security_in_openapi(self, app: Flask) -> None:
        paths = described(app)["paths"]
        secured = {
            (method.upper(), path)
            for path, operations in paths.items()
            for method, operation in operations.items()
            if method != "parameters" and operation.get("security") == [{"token": []}]
        }
        guarded = {(method, re.sub("<(?:[^:>]*:)?([^>]*)>", r"{\1}", rule)) for method, rule, _ in self.guarded(app)}
        assert secured == guarded

    def test_foreign_ids_get_the_same_404_as_missing_ones(self, app: Flask) -> None:
        owner, stranger = Member(app, "olga@example.com", role="owner"), Member(app, role="owner")
        key = owner.call("POST", "/api/me/keys", password=PASSWORD, name="x", scopes=["forms:read"]).json["data"]["id"]
        session = owner.call("GET", "/api/me/sessions").json["data"][0]["id"]
        for path, there in (("/api/me/keys", key), ("/api/me/sessions", session)):
            theirs = stranger.call("DELETE", f"{path}/{there}")
            missing = stranger.call("DELETE", f"{path}/{uuid.uuid4()}")
            assert theirs.status_code == missing.status_code == 404
            assert theirs.data == missing.data
            assert owner.call("DELETE", f"{path}/{there}").status_code == 200


def test_the_stated_lifetime_is_correct(app: Flask) -> None:
    with app.app_context():
        assert access_tokens.lifetime() == 1800


def test_only_operators_pass_the_operator_guard(app: Flask) -> None:
    app.add_url_rule("/operators", "operators", require_operator(lambda: str(caller().account_id)))
    people = [Member(app, f"{role}@example.com", role=role) for role in ("user", "owner", "operator")]
    key = people[2].call("POST", "/api/me/keys", password=PASSWORD, name="x", scopes=["forms:read"]).json["data"]["key"]
    assert [person.call("GET", "/operators").status_code for person in people] == [403, 403, 200]
    assert people[2].call("GET", "/operators").text == people[2].id
    assert people[2].client.get("/operators", headers=bearer(key)).status_code == 403
