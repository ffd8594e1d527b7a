"""Which sites may post to a form, and what their scripts may read."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.taking import ANN, form_for

SITE = "https://site.example"
EVIL = "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def listed(app: Flask) -> str:
    return form_for(app, allowed_origins=[SITE, "http://localhost:3000"])


@pytest.mark.parametrize("origin", [SITE, EVIL, "null"])
def test_any_site_may_post_where_none_is_listed(client: FlaskClient, app: Flask, origin: str) -> None:
    form = form_for(app)
    for body in (ANN, {}):
        answer = client.post(f"/f/{form}", json=body, headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert client.options(f"/f/{form}", headers={"Origin": origin, **PREFLIGHT}).status_code == 204


@pytest.mark.parametrize("origin", [SITE, SITE.upper(), "http://localhost:3000"])
@pytest.mark.parametrize(("body", "status"), [(ANN, 200), ({}, 422)])
def test_a_listed_site_may_post_and_read_errors_too(
    client: FlaskClient, listed: str, origin: str, body: dict[str, str], status: int
) -> None:
    answer = client.post(f"/f/{listed}", json=body, headers={"Origin": origin})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, origin)
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", [EVIL, "null", "http://site.example", f"{SITE}:8443", f"{SITE}.evil.example", ""])
def test_another_site_may_not(client: FlaskClient, listed: str, origin: str) -> None:
    answer = client.post(f"/f/{listed}", json=ANN, headers={"Origin": origin})
    assert (answer.status_code, answer.json["details"]["reason"]) == (403, "BLOCKED")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_program_names_no_site_and_is_let_in(client: FlaskClient, listed: str) -> None:
    assert client.post(f"/f/{listed}", json=ANN).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://127.0.0.1:5000"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}]
)
def test_the_hosted_page_may_always_post(client: FlaskClient, listed: str, headers: dict[str, str]) -> None:
    assert client.post(f"/f/{listed}", data=ANN, headers=headers).status_code == 303


def test_a_preflight_allows_what_the_clients_send(client: FlaskClient, listed: str) -> None:
    answer = client.options(f"/f/{listed}", headers={"Origin": SITE, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    wanted = (
        "accept",
        "content-type",
        "formspree-client",
        "formspree-session-data",
        "idempotency-key",
        "x-requested-with",
    )
    assert set(wanted) <= set(allowed)
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("", {"GET", "HEAD", "POST", "OPTIONS"}), ("/challenge", {"GET", "HEAD", "OPTIONS"})],
)
def test_what_may_be_done_is_all_named(client: FlaskClient, listed: str, path: str, allowed: set[str]) -> None:
    assert client.options(f"/f/{listed}{path}").allow.as_set(preserve_casing=True) == allowed
    assert client.delete(f"/f/{listed}{path}").allow.as_set(preserve_casing=True) == allowed


def test_a_preflight_of_another_site_allows_nothing(client: FlaskClient, listed: str) -> None:
    answer = client.options(f"/f/{listed}", headers={"Origin": EVIL, **PREFLIGHT})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_preflight_for_no_form_is_a_404_that_can_be_read(client: FlaskClient) -> None:
    answer = client.options("/f/AAAAAAAAAAAAAAAA", headers={"Origin": SITE, **PREFLIGHT})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")
