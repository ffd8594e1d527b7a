"""A visitor who corrects a form on our page gets back to the site that it came from, and nobody else anywhere else."""

import re
import time
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous.encoding import base64_decode, base64_encode
from werkzeug.test import TestResponse

from forms_service.forms import page_tokens
from tests.conftest import MakeApp
from tests.support.visitors import ANN, BROWSER, CONTACT, control_of, data_of, form_for, only, without_reference

SITE = "https://site.example"
HERE = "http://127.0.0.1:5000"
WRONG = {**ANN, "email": "not an address"}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def form(app: Flask) -> str:
    return form_for(app, CONTACT)


def post(client: FlaskClient, form: str, fields: dict[str, Any], origin: str | None = SITE) -> TestResponse:
    return client.post(f"/f/{form}", data=fields, headers={**BROWSER, **({"Origin": origin} if origin else {})})


def carried(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a form that is shown again."""
    assert page.status_code == 422
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in inputs if name != "_started"}


def way(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return without_reference(answer.headers["Location"])


@pytest.mark.parametrize("target", [f"{SITE}/danke?a=b", "/danke?a=b"])
@pytest.mark.parametrize("mistakes", [1, 2])
def test_back_to_the_site_after_a_correction(
    client: FlaskClient, app: Flask, form: str, target: str, mistakes: int
) -> None:
    page = post(client, form, {**WRONG, "_next": target})
    for _ in range(mistakes - 1):
        page = post(client, form, {**WRONG, **carried(page)}, HERE)
    assert page.headers["Content-Security-Policy"].endswith(f"form-action 'self' {SITE}")
    assert way(post(client, form, {**ANN, **carried(page)}, HERE)) == f"{SITE}/danke?a=b"
    assert data_of(app, form) == ANN
    assert control_of(app, form) == {"_next": target}


@pytest.mark.parametrize("headers", [{"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"Referer": f"{HERE}/f/x"}])
def test_our_page_is_known_by_what_browsers_say(client: FlaskClient, form: str, headers: dict[str, str]) -> None:
    page = post(client, form, {**WRONG, "_next": "/danke"})
    answer = client.post(f"/f/{form}", data={**ANN, **carried(page)}, headers={**BROWSER, **headers})
    assert way(answer) == f"{SITE}/danke"


def test_what_the_site_may_not_lead_to_stays_so(client: FlaskClient, form: str) -> None:
    for target, origin in (("https://evil.example/", SITE), ("//evil.example", SITE), ("/danke", None)):
        page = post(client, form, {**WRONG, "_next": target}, origin)
        assert page.headers["Content-Security-Policy"].endswith("form-action 'self'")
        assert way(post(client, form, {**ANN, **carried(page)}, HERE)) == f"/f/{form}/thanks"


def test_a_listed_page_is_reached_after_a_correction_too(client: FlaskClient, app: Flask) -> None:
    form = form_for(app, CONTACT, redirect_urls=["https://other.example/thanks"])
    page = post(client, form, {**WRONG, "_next": "https://other.example/thanks"})
    assert way(post(client, form, {**ANN, **carried(page)}, HERE)) == "https://other.example/thanks"


def test_a_site_that_is_not_allowed_gets_no_page_to_come_back_from(client: FlaskClient, app: Flask) -> None:
    form = form_for(app, CONTACT, allowed_origins=[SITE])
    answer = post(client, form, {**WRONG, "_next": "https://evil.example/x"}, "https://evil.example")
    assert answer.status_code == 403
    assert "_back" not in answer.text


def test_a_form_without_a_redirect_carries_none(client: FlaskClient, form: str) -> None:
    page = post(client, form, WRONG)
    assert carried(page) == {}
    assert way(post(client, form, ANN, HERE)) == f"/f/{form}/thanks"


class TestWhatIsNotOurs:
    """The hidden field of another form, of another page, made up, or old."""

    @pytest.fixture
    def token(self, client: FlaskClient, form: str) -> str:
        return carried(post(client, form, {**WRONG, "_next": "/danke"}))["_back"]

    def test_is_good_for_its_own_form_alone(self, client: FlaskClient, app: Flask, token: str) -> None:
        other = form_for(app, CONTACT)
        assert way(post(client, other, {**ANN, "_back": token}, HERE)) == f"/f/{other}/thanks"

    @pytest.mark.parametrize("origin", [SITE, "https://evil.example", None])
    def test_is_good_on_our_page_alone(self, client: FlaskClient, form: str, token: str, origin: str | None) -> None:
        assert way(post(client, form, {**ANN, "_back": token}, origin)) == f"/f/{form}/thanks"

    def test_is_good_for_a_day(
        self, client: FlaskClient, form: str, token: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = time.time() + page_tokens.MAX_RETURN_AGE + 1
        monkeypatch.setattr(time, "time", lambda: later)
        assert way(post(client, form, {**ANN, "_back": token}, HERE)) == f"/f/{form}/thanks"

    @pytest.mark.parametrize(
        "forged", ["", " ", "x", "https://evil.example/", f"{'0' * 64} 1795515064 https://evil.example/", "\u00e4 1 /"]
    )
    def test_counts_for_nothing(self, client: FlaskClient, app: Flask, form: str, forged: str) -> None:
        page = post(client, form, {**WRONG, "_back": forged, "_next": "https://evil.example/"}, HERE)
        assert "evil" not in page.headers["Content-Security-Policy"]
        assert way(post(client, form, {**ANN, "_back": forged}, HERE)) == f"/f/{form}/thanks"
        assert "_back" not in only(app, form).data
        assert only(app, form).control is None

    def test_counts_for_nothing_where_it_is_cut(self, client: FlaskClient, form: str, token: str) -> None:
        for cut in (token[1:], token[:-1], token.rpartition(".")[0]):
            assert way(post(client, form, {**ANN, "_back": cut}, HERE)) == f"/f/{form}/thanks"

    def test_cannot_be_turned_to_another_address(self, client: FlaskClient, form: str, token: str) -> None:
        payload, _, signature = token.rpartition(".")
        url = base64_decode(payload).replace(b"site.example", b"evil.example")
        forged = f"{base64_encode(url).decode()}.{signature}"
        assert forged != token
        assert way(post(client, form, {**ANN, "_back": forged}, HERE)) == f"/f/{form}/thanks"

    def test_comes_into_no_page_by_its_address(self, client: FlaskClient, form: str, token: str) -> None:
        page = client.get(f"/f/{form}", query_string={"_back": token, "_next": "/danke"})
        assert "_back" not in page.text
        assert SITE not in page.headers["Content-Security-Policy"]


def test_no_origin_ends_a_directive_of_the_policy(client: FlaskClient, form: str) -> None:
    evil = "https://a.example;sandbox"
    page = post(client, form, {**WRONG, "_next": f"{evil}/x"}, evil)
    assert "sandbox" not in page.headers["Content-Security-Policy"]
