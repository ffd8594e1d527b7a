"""CORS: other sites' scripts that may read answers."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp

SITE = "https://www.site.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


@pytest.fixture
def open_to_site(make_app: MakeApp) -> FlaskClient:
    return make_app(CORS_ORIGINS=f"{SITE}, https://other.example", SIGNUP_RATE_LIMIT="1/900").test_client()


def test_nobody_by_default(client: FlaskClient) -> None:
    answer = client.options("/api/signup", headers={"Origin": SITE, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_preflight_of_a_listed_site_is_answered_and_costs_no_sign_up(
    open_to_site: FlaskClient, ann: dict[str, Any]
) -> None:
    for _ in range(5):
        answer = open_to_site.options("/api/signup", headers={"Origin": SITE, **PREFLIGHT})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
        assert "X-RateLimit-Limit" not in answer.headers
    assert open_to_site.post("/api/signup", json=ann).status_code == 201


def test_answers_can_be_read_by_a_listed_site_errors_and_refusals_too(open_to_site: FlaskClient) -> None:
    for expected in (422, 429):
        answer = open_to_site.post("/api/signup", json={}, headers={"Origin": SITE})
        assert answer.status_code == expected
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert "Origin" in answer.headers["Vary"]
        assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]


@pytest.fixture(scope="module")
def shared_by_sites(make_shared_app: MakeApp) -> Flask:
    return make_shared_app(CORS_ORIGINS=f"{SITE}, https://other.example")


@pytest.mark.parametrize("origin", ["https://evil.example", f"{SITE}.evil.example", "null", "http://www.site.example"])
def test_others_cannot_read(shared_by_sites: Flask, origin: str) -> None:
    answer = shared_by_sites.test_client().get("/api/openapi.json", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_any_site_is_a_star_without_credentials(make_app: MakeApp) -> None:
    answer = make_app(CORS_ORIGINS="*").test_client().get("/api/openapi.json", headers={"Origin": SITE})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_credentials_are_for_listed_sites(make_app: MakeApp) -> None:
    client = make_app(CORS_ORIGINS=SITE, CORS_ALLOW_CREDENTIALS="true").test_client()
    answer = client.get("/api/openapi.json", headers={"Origin": SITE})
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_only_the_api_is_open(open_to_site: FlaskClient) -> None:
    assert "Access-Control-Allow-Origin" not in open_to_site.get("/health", headers={"Origin": SITE}).headers
