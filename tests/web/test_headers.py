"""Security headers on every answer, held against the points of Mozilla's HTTP Observatory (version 6)."""

from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import MakeApp

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

POINTS = {
    "csp-implemented-with-no-unsafe-default-src-none": 10,
    "csp-implemented-with-no-unsafe": 5,
    "csp-not-implemented": -25,
    "csp-implemented-with-unsafe-inline": -20,
    "hsts-not-implemented": -20,
    "referrer-policy-private": 5,
    "x-frame-options-implemented-via-csp": 5,
    "x-frame-options-not-implemented": -20,
    "x-content-type-options-not-implemented": -5,
    "corp-implemented-with-same-origin": 10,
    "coep-implemented-with-require-corp": 10,
    "coop-implemented-with-same-origin": 10,
    "sri-implemented-and-all-scripts-loaded-securely": 5,
}
"""Points of mdn-http-observatory, src/grader/charts.js; bonuses count from 90 on."""


class Scripts(HTMLParser):
    """The scripts of a page, by whether each has a hash to be held against."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hashed: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.hashed.append(bool(dict(attrs).get("integrity")))


def policy_findings(policy: dict[str, list[str]]) -> set[str]:
    framed = "x-frame-options-implemented-via-csp" if policy.get("frame-ancestors") == ["'none'"] else "unframed"
    if not policy:
        return {"csp-not-implemented"}
    if any(source.startswith("'unsafe") for sources in policy.values() for source in sources):
        return {"csp-implemented-with-unsafe-inline", framed}
    strict = "-default-src-none" if policy["default-src"] == ["'none'"] else ""
    return {f"csp-implemented-with-no-unsafe{strict}", framed}


def findings(answer: TestResponse) -> set[str]:
    headers = answer.headers
    parts = [part.split() for part in headers.get("Content-Security-Policy", "").split(";") if part]
    names = policy_findings({name: sources for name, *sources in parts})
    if "X-Frame-Options" not in headers:
        names.add("x-frame-options-not-implemented")
    if headers.get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains":
        names.add("hsts-not-implemented")
    if headers.get("X-Content-Type-Options") != "nosniff":
        names.add("x-content-type-options-not-implemented")
    if headers.get("Referrer-Policy") in ("no-referrer", "same-origin", "strict-origin-when-cross-origin"):
        names.add("referrer-policy-private")
    for kind, value in (("Resource", "same-origin"), ("Opener", "same-origin"), ("Embedder", "require-corp")):
        if headers.get(f"Cross-Origin-{kind}-Policy") == value:
            names.add(f"co{kind[0].lower()}p-implemented-with-{value}")
    scripts = Scripts(answer.text).hashed if answer.mimetype == "text/html" else []
    if scripts and all(scripts):
        names.add("sri-implemented-and-all-scripts-loaded-securely")
    return names


def points(answer: TestResponse) -> int:
    changes = [POINTS.get(name, 0) for name in findings(answer)]
    score = 100 + sum(number for number in changes if number < 0)
    return score + sum(number for number in changes if number > 0) if score >= 90 else score


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
