"""Pages of the service in each language: no English sentence is left, and the head says which language it is."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from forms_service.accounts.pages import DONE_PAGES
from forms_service.notifications.recipients import pages as subscription_pages
from forms_service.notifications.recipients.links import CONFIRM, UNSUBSCRIBE
from forms_service.notifications.recipients.subscriptions import Subscription
from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, mails, token_in
from tests.support.translations import TRANSLATED, left_in_english, words_of

STATIC = ("/", "/signup", "/signup/resend", "/forgot", *(path for path, _, _ in DONE_PAGES.values()))
LINKS = ("/signup/confirm", "/reset", "/new-address")
SUBSCRIPTIONS = (
    (CONFIRM, Subscription("pending", ["Contact"], "/recipients/unsubscribe?token=x")),
    (CONFIRM, Subscription("active", ["Contact"], has_changed=True)),
    (CONFIRM, Subscription("active", ["Contact"])),
    (UNSUBSCRIBE, Subscription("active", ["Contact"])),
    (UNSUBSCRIBE, Subscription("active", ["Contact", "Party"])),
    (UNSUBSCRIBE, Subscription("active", ["Contact"], has_changed=True)),
    (UNSUBSCRIBE, Subscription("unsubscribed", ["Contact", "Party"])),
    (UNSUBSCRIBE, Subscription("unsubscribed", ["Contact"], is_blocked=True)),
    (UNSUBSCRIBE, Subscription("unsubscribed")),
)
Open = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    return make_shared_app(RATE_LIMIT_ENABLED="false", APP_NAME="Dienst")


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit(app: Flask, language: str) -> Open:
    """Open a page as a browser of that language."""

    def visit(path: str, method: str = "GET", **options: Any) -> TestResponse:
        headers = {**BROWSER, "Accept-Language": f"{language}-XX,{language};q=0.9,en;q=0.5"}
        return app.test_client().open(path, method=method, headers=headers, **options)

    return visit


def check(answer: Response, language: str, status: int = 200) -> str:
    """The page is in that language, and says so; return its words."""
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert answer.headers["Content-Language"] == language
    assert {"accept", "accept-language"} <= {name.lower() for name in answer.vary}
    assert f'<html lang="{language}">' in answer.get_data(as_text=True)
    words = words_of(answer.get_data(as_text=True))
    assert left_in_english(words, language) == []
    return words


def test_the_check_finds_english(app: Flask, language: str) -> None:
    page = app.test_client().get("/signup").get_data(as_text=True)
    assert set(left_in_english(words_of(page), language)) >= {"Sign up", "First name", "Last name", "(optional)"}


@pytest.mark.parametrize("path", STATIC)
def test_pages_without_a_form(visit: Open, language: str, path: str) -> None:
    check(visit(path), language)


@pytest.mark.parametrize("path", LINKS)
def test_pages_behind_a_link_that_is_not_valid(visit: Open, language: str, path: str) -> None:
    check(visit(f"{path}?token=x"), language)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/api/signup", {"email": ""}, 422),
        (
            "/api/signup",
            {"email": "x", "first_name": "A", "last_name": "B" * 51, "phone": "12", "password": "abc"},
            422,
        ),
        ("/api/signup", {"first_name": "\x01", "phone": "a" * 20, "password": "x" * 129, "email": "x" * 300}, 422),
        ("/api/signup", {"email": "a@example.com", "password": "Password-1", "nobody": "x"}, 422),
        ("/api/signup/resend", {"email": "x"}, 422),
        ("/api/signup/confirm", {"token": "x", "password": "y"}, 422),
        ("/api/password/forgot", {"email": ""}, 422),
        ("/api/password/reset", {"token": "x", "password": "Correct-horse-7"}, 422),
        ("/api/login", {"email": "nobody@example.com", "password": "Correct-horse-7"}, 401),
        ("/api/me/email/confirm", {"token": "x" * 1001}, 422),
        ("/nowhere", {}, 404),
        ("/", {}, 405),
    ],
)
def test_what_is_wrong(visit: Open, language: str, path: str, fields: dict[str, str], status: int) -> None:
    assert check(visit(path, "POST", data=fields), language, status)


def test_a_body_that_cannot_be_read(visit: Open, language: str) -> None:
    for kind, body in {
        "application/json": b"{",
        "application/xml": b"<a/>",
        "multipart/form-data; boundary=x": b"--x",
        "application/x-www-form-urlencoded": b"&".join([b"a=b"] * 2000),
    }.items():
        answer = visit("/api/signup", "POST", data=body, content_type=kind)
        assert answer.status_code in (400, 413, 415)
        check(answer, language, answer.status_code)


def test_a_limit_names_its_seconds(make_app: MakeApp, language: str) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="1/900").test_client()
    headers = {**BROWSER, "Accept-Language": language}
    client.post("/api/signup", data={"email": ""}, headers=headers)
    answer = client.post("/api/signup", data={"email": ""}, headers=headers)
    assert answer.headers["Retry-After"] in check(answer, language, 429)


def test_the_way_from_sign_up_to_a_new_password(app: Flask, visit: Open, language: str, ann: dict[str, Any]) -> None:
    person = {**ann, "email": f"ann-{language}@example.com"}
    assert visit("/api/signup", "POST", data=person).status_code == 303
    (mail,) = [mail for mail in mails(app, "confirm") if mail["to"] == person["email"]]
    assert mail["_language"] == language
    check(visit(f"/signup/confirm?token={token_in(mail)}"), language)
    wrong = visit("/api/signup/confirm", "POST", data={"token": token_in(mail), "password": "Another-horse-7"})
    check(wrong, language, 422)
    visit("/api/password/forgot", "POST", data={"email": person["email"]})
    (mail,) = [mail for mail in mails(app, "reset") if mail["to"] == person["email"]]
    check(visit(f"/reset?token={token_in(mail)}"), language)
    check(visit("/api/password/reset", "POST", data={"token": token_in(mail), "password": "ann"}), language, 422)


@pytest.mark.parametrize(("purpose", "subscription"), SUBSCRIPTIONS)
def test_pages_of_recipients(app: Flask, language: str, purpose: str, subscription: Subscription) -> None:
    with app.test_request_context("/recipients/x?token=x", headers={"Accept-Language": language}):
        page = subscription_pages._page(purpose, subscription)
    check(page, language)


def test_sign_up_that_is_closed_or_without_mail(make_app: MakeApp, language: str) -> None:
    settings = {"SIGNUP_ENABLED": "false", "SIGNUP_CONFIRMATION": "false", "ENVIRONMENT": "testing"}
    app = make_app(**settings)
    app.jinja_env.globals["sends_mail"] = False
    for path in ("/signup", "/signup/resend", "/forgot"):
        check(app.test_client().get(path, headers={"Accept-Language": language}), language)
    answer = app.test_client().post("/api/signup", data={"email": ""}, headers={**BROWSER, "Accept-Language": language})
    check(answer, language, 422)


class TestOrder:
    """`?_language=` goes before the browser's header, and a language that is not there is passed over."""

    @pytest.mark.parametrize(
        ("query", "header", "expected"),
        [
            ("?_language=fr", "de", "fr"),
            ("?_language=fr-CA", "de", "fr"),
            ("?_language=it", "de", "de"),
            ("?_language=", "es", "es"),
            ("?_language=%00%F0", "es", "es"),
            ("", "it,pt", "en"),
            ("", "", "en"),
            ("", "de" * 50_000, "en"),
            ("", "de," * 33_000, "de"),
        ],
    )
    def test_of_pages(self, app: Flask, query: str, header: str, expected: str) -> None:
        answer = app.test_client().get(f"/signup{query}", headers={"Accept-Language": header})
        assert (answer.status_code, answer.headers["Content-Language"]) == (200, expected)

    def test_links_and_forms_carry_the_request_on(self, app: Flask) -> None:
        page = app.test_client().get("/forgot?_language=fr", headers={"Accept-Language": "de"})
        assert 'action="/api/password/forgot?_language=fr"' in page.text
        done = app.test_client().post(
            "/api/password/forgot?_language=fr", data={"email": "a@example.com"}, headers=BROWSER
        )
        assert done.headers["Location"] == "/forgot/sent?_language=fr"
        assert "_language" not in app.test_client().get("/forgot", headers={"Accept-Language": "de"}).text

    def test_the_console_the_reference_and_json_for_owners_stay_english(self, app: Flask) -> None:
        headers = {"Accept-Language": "de"}
        for path in ("/console/sign-in", "/console/sign-in?_language=fr", "/api/docs"):
            answer = app.test_client().get(path, headers=headers)
            assert (answer.headers["Content-Language"], '<html lang="en">' in answer.text) == ("en", True)
        assert (
            app.test_client().post("/api/signup", json={}, headers=headers).json["message"]
            == "Some answers need to be corrected."
        )
        assert (
            app.test_client().get("/api/forms", headers=headers).json["message"].startswith("Authentication required.")
        )
