"""Security headers on every answer, held against the points of Mozilla's HTTP Observatory (version 6)."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.support.observatory import points

HTTPS = "https://forms.example.com"

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    ("path", "least"), [("/api/openapi.json", 150), ("/health/live", 150), ("/api/docs", 155), ("/signup", 150)]
)
def test_scores_over_https(shared_client: FlaskClient, path: str, least: int) -> None:
    assert points(shared_client.get(path, base_url=HTTPS)) >= least


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/metrics"),
        ("GET", "/static/pages.css"),
        ("GET", "/nothing"),
        ("DELETE", "/api/signup"),
        ("OPTIONS", "/api/signup"),
        ("POST", "/api/signup"),
    ],
)
def test_every_answer_has_them_errors_too(shared_client: FlaskClient, method: str, path: str) -> None:
    answer = shared_client.open(path, method=method, base_url=HTTPS, buffered=True)
    for name, value in EVERYWHERE.items():
        assert answer.headers.getlist(name) == [value]
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert "X-Request-ID" in answer.headers
    assert "X-Process-Time" in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_only_tls_promises_tls(shared_client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in shared_client.get("/").headers
    forged = shared_client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert forged.status_code == 200, "nothing is redirected to https"
    assert "Strict-Transport-Security" not in forged.headers


@pytest.mark.parametrize(
    ("settings", "promised"),
    [
        ({}, "max-age=31536000; includeSubDomains"),
        ({"HSTS": "host"}, "max-age=31536000"),
        ({"HSTS": "off"}, None),
        ({"PUBLIC_URL": "https://example.com/forms"}, None),
        ({"PUBLIC_URL": "https://example.com/forms", "HSTS": "Subdomains"}, "max-age=31536000; includeSubDomains"),
    ],
)
def test_a_path_of_a_site_promises_nothing_for_the_site(
    make_app: MakeApp, settings: dict[str, str], promised: str | None
) -> None:
    answer = make_app(**settings).test_client().get("/health/live", base_url=HTTPS)
    assert answer.headers.get("Strict-Transport-Security") == promised


def test_answers_are_not_kept_but_files_are(shared_client: FlaskClient) -> None:
    assert shared_client.get("/health").headers["Cache-Control"] == "no-store"
    assert shared_client.get("/api/docs").headers["Cache-Control"] == "no-store"
    assert "max-age" in shared_client.get("/static/pages.css", buffered=True).headers["Cache-Control"]


def test_a_file_that_is_not_there_is_not_remembered_as_missing(shared_client: FlaskClient) -> None:
    assert shared_client.get("/static/nothing.css").headers["Cache-Control"] == "no-store"


def test_api_answers_load_nothing_and_pages_only_from_here(shared_client: FlaskClient) -> None:
    api = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    assert shared_client.get("/health").headers["Content-Security-Policy"] == api
    page = shared_client.get("/signup")
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "<style" not in page.text
    assert "style=" not in page.text
