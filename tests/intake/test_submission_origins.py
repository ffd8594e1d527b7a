"""Origins that may post to a form, and CORS for their scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from forms_service.errors import ConflictError, ServiceUnavailableError
from forms_service.intake import origins, service, views
from tests.conftest import MakeApp
from tests.support.definitions import multipart, text_part
from tests.support.visitors import ANN, BROWSER, JSON, form_for

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


def raising(error: Exception) -> Callable[..., Any]:
    def take(*_: Any, **__: Any) -> None:
        raise error

    return take


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"data": b"{", "content_type": "application/json"}),
        (409, {"json": ANN, "fails": ConflictError()}),
        (413, {"json": {"a": "x" * 2**20}}),
        (413, multipart(text_part("a", "x" * 2**21))),
        (415, {"data": b"a", "content_type": "application/pdf"}),
        (422, {"json": {}}),
        (500, {"json": ANN, "fails": RuntimeError("broken")}),
        (503, {"json": ANN, "fails": OperationalError("SELECT 1", {}, Exception("away"))}),
        (503, {"json": ANN, "fails": ServiceUnavailableError()}),
    ],
)
def test_a_listed_site_may_read_every_error(
    client: FlaskClient, listed: str, monkeypatch: pytest.MonkeyPatch, status: int, body: dict[str, Any]
) -> None:
    if "fails" in body:
        monkeypatch.setattr(service, "accept_submission", raising(body["fails"]))
    request = {name: value for name, value in body.items() if name != "fails"}
    answer = client.post(f"/f/{listed}", headers={"Origin": SITE, **JSON}, **request)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, SITE)
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_listed_site_may_read_that_the_form_is_closed_or_its_database_away(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = form_for(app, allowed_origins=[SITE], closed=True)
    answer = client.post(f"/f/{closed}", json=ANN, headers={"Origin": SITE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (403, SITE)
    monkeypatch.setattr(views, "get_published_form", raising(OperationalError("SELECT 1", {}, Exception("away"))))
    answer = client.post(f"/f/{closed}", json=ANN, headers={"Origin": SITE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (503, "*")
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_listed_site_may_read_that_it_is_to_wait(make_app: MakeApp) -> None:
    app = make_app(SUBMISSION_RATE_LIMIT="1/60")
    form = form_for(app, allowed_origins=[SITE])
    answers = [app.test_client().post(f"/f/{form}", json={"n": n}, headers={"Origin": SITE}) for n in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["Access-Control-Allow-Origin"] in ("*", SITE)


def test_a_site_may_read_that_there_is_no_form_or_no_puzzle(client: FlaskClient, listed: str) -> None:
    for method, path, allowed in (
        ("POST", "/f/AAAAAAAAAAAAAAAA", "*"),
        ("GET", "/f/AAAAAAAAAAAAAAAA/challenge", "*"),
        ("GET", f"/f/{listed}/challenge", SITE),
    ):
        answer = client.open(path, method=method, headers={"Origin": SITE, **JSON})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, allowed)


@pytest.mark.parametrize("origin", [EVIL, "null", "http://site.example", f"{SITE}:8443", f"{SITE}.evil.example", ""])
def test_another_site_may_not(client: FlaskClient, listed: str, origin: str) -> None:
    answer = client.post(f"/f/{listed}", json=ANN, headers={"Origin": origin})
    assert (answer.status_code, answer.json["details"]["reason"]) == (403, "BLOCKED")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_site_passes_for_the_service_where_its_own_name_is_of_another_script(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://m\u00fcnchen.example")
    form = form_for(app, allowed_origins=[SITE])
    assert app.test_client().post(f"/f/{form}", json=ANN, headers={"Origin": "null"}).status_code == 403


def test_a_program_names_no_site_and_is_let_in(client: FlaskClient, listed: str) -> None:
    assert client.post(f"/f/{listed}", json=ANN).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://127.0.0.1:5000"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}]
)
def test_the_hosted_page_may_always_post(client: FlaskClient, listed: str, headers: dict[str, str]) -> None:
    assert client.post(f"/f/{listed}", data=ANN, headers={**BROWSER, **headers}).status_code == 303


def test_a_preflight_allows_what_the_clients_send(client: FlaskClient, listed: str) -> None:
    answer = client.options(f"/f/{listed}", headers={"Origin": SITE, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    expected = (
        "accept",
        "content-type",
        "formspree-client",
        "formspree-session-data",
        "idempotency-key",
        "x-requested-with",
    )
    assert set(expected) <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("", {"GET", "HEAD", "POST", "OPTIONS"}), ("/challenge", {"GET", "HEAD", "OPTIONS"})],
)
def test_what_may_be_done_is_all_named(client: FlaskClient, listed: str, path: str, allowed: set[str]) -> None:
    assert client.options(f"/f/{listed}{path}").allow.as_set(preserve_casing=True) == allowed
    assert client.delete(f"/f/{listed}{path}").allow.as_set(preserve_casing=True) == allowed


ASKED_FOR = ["hx-request,hx-current-url,hx-target", "sentry-trace, baggage", "cache-control ,\tx-csrf-token"]


@pytest.mark.parametrize("names", ASKED_FOR)
@pytest.mark.parametrize("path", ["", "/challenge", "/thanks"])
def test_a_preflight_allows_what_is_asked_for(client: FlaskClient, listed: str, names: str, path: str) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": names}
    answer = client.options(f"/f/{listed}{path}", headers={"Origin": SITE, **preflight})
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {name.strip() for name in names.split(",")} <= allowed


@pytest.mark.parametrize("names", ["a b", "a,,b", "a;b", "x: y", "\u00e4", ",", "a" * 5000, "x," * 3000 + "x"])
def test_a_preflight_repeats_nothing_that_is_no_list_of_headers(client: FlaskClient, listed: str, names: str) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": names}
    answer = client.options(f"/f/{listed}", headers={"Origin": SITE, **preflight})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == origins.ALLOWED_HEADERS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "", 200), ("GET", "", 200), ("GET", "/thanks", 200), ("PUT", "", 405), ("GET", "/nothing", 404)],
)
def test_a_script_without_cors_may_have_every_answer(
    client: FlaskClient, app: Flask, method: str, path: str, status: int
) -> None:
    answer = client.open(f"/f/{form_for(app)}{path}", method=method, data=ANN, headers={"Sec-Fetch-Mode": "no-cors"})
    assert (answer.status_code, answer.headers.getlist("Cross-Origin-Resource-Policy")) == (status, ["cross-origin"])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


class TestSubdomains:
    """`https://*.site.example` stands for the origins of all its subdomains."""

    @pytest.fixture
    def form(self, app: Flask) -> str:
        return form_for(app, allowed_origins=["https://*.site.example", "http://*.localhost:3000"])

    @pytest.mark.parametrize(
        "origin", ["https://www.site.example", "https://A-1.Site.Example", "http://shop.localhost:3000"]
    )
    def test_may_post_and_read(self, client: FlaskClient, form: str, origin: str) -> None:
        answer = client.post(f"/f/{form}", json=ANN, headers={"Origin": origin})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        answer = client.options(f"/f/{form}", headers={"Origin": origin, **PREFLIGHT})
        assert answer.headers["Access-Control-Allow-Origin"] == origin

    @pytest.mark.parametrize(
        "origin",
        [
            "https://site.example",
            "https://a.b.site.example",
            "http://www.site.example",
            "https://www.site.example:8443",
            "https://wwwsite.example",
            "https://*.site.example",
            "https://.site.example",
            "https://a@b.site.example",
            "https://www.site.example.evil.example",
            "www.site.example",
            "null",
        ],
    )
    def test_are_one_label_deep_and_nothing_else(self, client: FlaskClient, form: str, origin: str) -> None:
        answer = client.post(f"/f/{form}", json=ANN, headers={"Origin": origin})
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


FRAMES = [
    ([], "*"),
    ([SITE, "https://*.site.example:8443"], f"'self' {SITE} https://*.site.example:8443"),
]


@pytest.mark.parametrize(("sites", "ancestors"), FRAMES)
def test_pages_may_be_framed_by_the_sites_of_the_form(
    client: FlaskClient, app: Flask, sites: list[str], ancestors: str
) -> None:
    form, closed = form_for(app, allowed_origins=sites), form_for(app, allowed_origins=sites, closed=True)
    answers = [client.get(f"/f/{path}", headers=BROWSER) for path in (form, f"{form}/thanks", closed)]
    answers += [client.post(f"/f/{form}", data=data, headers=BROWSER) for data in (ANN, {}, b"%FF")]
    answers += [client.post(f"/f/{closed}", data=ANN, headers=BROWSER)]
    for answer in answers:
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["frame-ancestors"] == ("*" if answer.status_code == 303 else ancestors)
        assert "X-Frame-Options" not in answer.headers
        assert "Set-Cookie" not in answer.headers


def test_no_other_page_may_be_framed(client: FlaskClient) -> None:
    for path in ("/", "/signup", "/f", "/nothing"):
        answer = client.get(path, headers=BROWSER)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert (answer.headers["X-Frame-Options"], answer.headers["Cross-Origin-Resource-Policy"]) == (
            "DENY",
            "same-origin",
        )


def test_a_preflight_of_another_site_allows_nothing(client: FlaskClient, listed: str) -> None:
    answer = client.options(f"/f/{listed}", headers={"Origin": EVIL, **PREFLIGHT})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_preflight_for_no_form_is_a_404_that_can_be_read(client: FlaskClient) -> None:
    answer = client.options("/f/AAAAAAAAAAAAAAAA", headers={"Origin": SITE, **PREFLIGHT})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")
