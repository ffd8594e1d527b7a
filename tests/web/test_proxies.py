"""Behind proxies, and under a path of a site."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from forms_service.health import doctor
from forms_service.web import client
from forms_service.web.client import client_address, client_for_log, client_key
from tests.conftest import MakeApp, MakeSettings
from tests.support.servers import ROOT


def client_and_scheme(app: Flask, headers: dict[str, str], remote: str = "10.0.0.9") -> tuple[str, str]:
    requests: list[tuple[str, str]] = []

    @app.before_request
    def look() -> None:
        requests.append((client_address(), request.scheme))

    app.test_client().get("/health/live", headers=headers, environ_base={"REMOTE_ADDR": remote})
    return requests[0]


FORWARDED = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("count", "address", "scheme"),
    [("0", "10.0.0.9", "http"), ("1", "3.3.3.3", "https"), ("2", "2.2.2.2", "https"), ("3", "1.1.1.1", "https")],
)
def test_as_many_proxies_are_believed_as_are_counted_from_the_right(
    make_app: MakeApp, count: str, address: str, scheme: str
) -> None:
    assert client_and_scheme(make_app(TRUSTED_PROXIES=count), FORWARDED) == (address, scheme)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("unknown", "10.0.0.9"),
        ("'; DROP TABLE accounts", "10.0.0.9"),
        ("", "10.0.0.9"),
    ],
)
def test_what_a_proxy_writes_is_read_as_an_address_or_not_at_all(
    make_app: MakeApp, forwarded: str, address: str
) -> None:
    assert client_and_scheme(make_app(TRUSTED_PROXIES="1"), {"X-Forwarded-For": forwarded})[0] == address


def test_a_proxy_that_is_not_counted_is_said_loudly_once(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        client.get("/health/live", headers={"X-Forwarded-For": "1.1.1.1"})
    warnings = [record for record in caplog.records if "TRUSTED_PROXIES is 0" in record.getMessage()]
    assert [record.levelname for record in warnings] == ["WARNING"]


@pytest.mark.parametrize(
    ("address", "key", "logged"),
    [
        ("192.0.2.77", "192.0.2.77", "192.0.2.0"),
        ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::/64", "fe80::"),
        ("", "unknown", None),
    ],
)
def test_a_client_is_counted_by_its_network_and_logged_truncated(
    app: Flask, address: str, key: str, logged: str | None
) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_key() == key
        assert client_for_log("truncated") == logged
        assert client_for_log("none") is None


BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize("left_on", [True, False], ids=["path left on", "path taken off"])
def test_under_a_path_everything_works_as_at_the_root(make_app: MakeApp, ann: dict[str, Any], left_on: bool) -> None:
    client = make_app(PUBLIC_URL="https://site.example/forms").test_client()
    prefix = "/forms" if left_on else ""
    page = client.get(f"{prefix}/signup").text
    assert 'action="/forms/api/signup"' in page
    assert 'href="/forms/static/pages.css' in page
    answer = client.post(f"{prefix}/api/signup", data=ann, headers=BROWSER)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/forms/signup/thanks")
    assert client.post(f"{prefix}/api/signup", json=ann).headers["X-RateLimit-Limit"] == "10"
    assert client.get(f"{prefix}/api/openapi.json").json["servers"] == [{"url": "/forms"}]
    assert client.get(f"{prefix}/health").json["status"] == "healthy"
    assert client.get(f"{prefix}/nothing").status_code == 404


def test_a_server_that_mounts_the_service_itself_is_followed(client: FlaskClient) -> None:
    mounted = {"SCRIPT_NAME": "/mounted"}
    assert 'action="/mounted/api/signup"' in client.get("/signup", environ_overrides=mounted).text


def test_the_host_header_is_in_no_link(client: FlaskClient, ann: dict[str, Any]) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", **BROWSER}
    for answer in (client.get("/", headers=headers), client.post("/api/signup", data=ann, headers=headers)):
        assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/api//docs", "//api/docs", "//evil.example/%2e%2e", "/api/docs/"])
def test_no_address_leads_on_to_the_host_header(client: FlaskClient, path: str) -> None:
    answer = client.open("/", method="GET", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
    assert answer.status_code in (200, 404)
    assert "Location" not in answer.headers


def ask(app: Flask, addresses: Iterable[str], path: str = "/", **headers: str) -> list[str]:
    """Warnings in the log after requests from these addresses."""
    warnings = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client.log, "warning", warnings.append)
        for address in addresses:
            app.test_client().get(path, headers=headers, environ_base={"REMOTE_ADDR": address})
    return warnings


@pytest.fixture
def in_production(make_settings: MakeSettings, tmp_path: Path) -> Callable[..., Flask]:
    """An app with no routes in front of which production's proxies are."""

    def make(**environment: str) -> Flask:
        app = Flask(__name__)
        settings = dataclasses.replace(make_settings(**environment), environment="production")
        client.init_app(app, settings)
        return app

    return make


MANY = client.MIN_REQUESTS


@pytest.mark.parametrize("count", ["0", "1"])
def test_a_proxy_that_names_no_visitor_is_said_loudly_once_and_by_doctor(
    in_production: Callable[..., Flask], app: Flask, count: str
) -> None:
    warnings = ask(in_production(TRUSTED_PROXIES=count), ["127.0.0.1"] * 3 * MANY)
    assert len(warnings) == 1
    assert "X-Forwarded-For" in warnings[0]
    with app.app_context():
        (finding,) = [finding for finding in doctor.run_checks(ROOT) if finding.subject == "proxy"]
    assert finding.bad


@pytest.mark.parametrize(
    ("addresses", "path", "headers"),
    [
        (["127.0.0.1", "10.0.0.1"] * MANY, "/", {}),
        (["8.8.8.8"] * 2 * MANY, "/", {}),
        (["127.0.0.1"] * 2 * MANY, "/health/ready", {}),
        (["127.0.0.1"] * 2 * MANY, "/", {"X-Forwarded-For": "8.8.8.8"}),
    ],
    ids=["several visitors", "a public one", "a monitor", "a proxy that does"],
)
def test_visitors_who_can_be_told_apart_are_no_reason_to_warn(
    in_production: Callable[..., Flask], addresses: list[str], path: str, headers: dict[str, str]
) -> None:
    assert ask(in_production(TRUSTED_PROXIES="1"), addresses, path, **headers) == []


def test_on_the_developers_machine_nobody_is_taken_for_a_proxy(app: Flask) -> None:
    assert ask(app, ["127.0.0.1"] * 2 * MANY) == []
