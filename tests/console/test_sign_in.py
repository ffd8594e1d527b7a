"""Sign-in to the console: the API's rules, a cookie instead of a token, and back to the page that was asked for."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from forms_service.accounts.models import Account, RefreshToken, Session
from forms_service.accounts.sessions.service import WRONG_CREDENTIALS
from forms_service.console.return_paths import safe_path
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from tests.conftest import KeyOf, MakeApp
from tests.support.accounts import PASSWORD, Member, login
from tests.support.console import Visitor

ELSEWHERE = (
    "https://evil.example/console",
    "//evil.example/console",
    "/\\evil.example",
    "/console/../api/docs",
    "/console/%2e%2e/x\r\nSet-Cookie: a=b",
    "/consoles",
    "/console@evil.example",
    "/console?next=//evil.example",
    "console",
    "javascript:alert(1)",
    "/api/me",
    "/console/" + "x" * 1000,
)


def test_a_link_of_a_mail_leads_through_the_sign_in_to_its_page(visitor: Visitor) -> None:
    page = f"/console/submissions/{uuid.uuid4()}"
    answer = visitor.get(page)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/console/sign-in?next={page}")
    assert visitor.sign_in(next_path=page).headers["Location"] == page


def test_it_leads_to_the_forms_by_default(visitor: Visitor) -> None:
    assert visitor.get("/console").headers["Location"] == "/console/sign-in"
    assert visitor.sign_in().headers["Location"] == "/console"
    assert visitor.get("/console/sign-in").headers["Location"] == "/console"


@pytest.mark.parametrize("referrer", ["http://[", "http://a]/console", "http://\u2100.example/console"])
def test_a_referrer_that_is_no_url_leads_to_the_forms(visitor: Visitor, referrer: str) -> None:
    answer = visitor.post("/console/account/sessions/end-others", {}, Referer=referrer)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("path", ELSEWHERE)
def test_it_leads_nowhere_else(path: str) -> None:
    assert safe_path(path) == "/console"


def test_a_forged_next_is_refused_in_the_query_and_in_the_form(visitor: Visitor) -> None:
    page = visitor.get("/console/sign-in?next=https://evil.example/")
    assert "evil" not in page.text
    assert visitor.sign_in(next_path="//evil.example").headers["Location"] == "/console"
    assert visitor.get("/console/sign-in?next=//evil.example").headers["Location"] == "/console"


def test_a_wrong_password_gets_the_message_of_the_api(visitor: Visitor) -> None:
    for answer in (visitor.sign_in(password="wrong"), visitor.sign_in("nobody@example.com")):
        assert answer.status_code == 401
        assert WRONG_CREDENTIALS in answer.text
        assert 'value="wrong"' not in answer.text
    assert visitor.get("/console").status_code == 303


def test_attempts_count_together_with_those_of_the_api(make_app_on_each_db: MakeApp, key_of: KeyOf) -> None:
    app = make_app_on_each_db(LOGIN_RATE_LIMIT="3/900")
    key_of(app)
    visitor = Visitor(app)
    assert visitor.sign_in(password="wrong").status_code == 401
    assert login(visitor.client, "owner@example.com", "wrong").status_code == 401
    assert visitor.sign_in(password="wrong").status_code == 401
    answer = visitor.sign_in()
    assert answer.status_code == 429
    assert "Too many requests. Try again in" in answer.text
    assert "<form" in answer.text


def test_pages_are_limited_by_client(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(RATE_LIMIT_AUTHENTICATED="2/60"))
    assert [visitor.get(path).status_code for path in ("/console", "/console/sign-in", "/console")] == [303, 200, 429]


def test_the_cookie_is_for_this_host_alone_over_tls(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(PUBLIC_URL="https://site.example/forms")
    key_of(app)
    visitor = Visitor(app, origin="https://site.example")
    answer = visitor.get("/forms/console/sign-in")
    assert answer.headers["Set-Cookie"].endswith("; Secure; HttpOnly; Path=/; SameSite=Lax")
    token = visitor.token("/forms/console/sign-in")
    values = {"email": "owner@example.com", "password": PASSWORD, "next": "/console/x", "csrf_token": token}
    answer = visitor.post("/forms/console/sign-in", values)
    assert answer.headers["Location"] == "/forms/console/x"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-forms_session=")
    assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in cookie
    assert f"Max-Age={90 * 86_400};" in cookie
    assert "Domain" not in cookie
    assert visitor.get("/forms/console").status_code == 200


def test_over_plain_http_it_is_sent_to_the_console_alone(visitor: Visitor) -> None:
    cookie = visitor.sign_in().headers["Set-Cookie"]
    assert cookie.startswith("forms_session=")
    assert cookie.endswith("; HttpOnly; Path=/console; SameSite=Lax")


def test_a_sign_in_makes_a_new_cookie_whatever_was_there(visitor: Visitor) -> None:
    planted = "x" * 43
    visitor.client.set_cookie("forms_session", planted, domain="127.0.0.1", path="/console")
    visitor.sign_in()
    assert visitor.cookie() != planted
    assert visitor.get("/console").status_code == 200
    stranger = Visitor(visitor.client.application)
    stranger.client.set_cookie("forms_session", planted, domain="127.0.0.1", path="/console")
    assert stranger.get("/console").status_code == 303


def test_a_second_sign_in_ends_the_first(app_on_each_db: Flask, visitor: Visitor) -> None:
    page = visitor.token("/console/sign-in")
    values = {"email": "owner@example.com", "password": PASSWORD, "csrf_token": page}
    assert visitor.post("/console/sign-in", values).status_code == 303
    first = visitor.cookie()
    token = visitor.token("/console")
    assert visitor.post("/console/sign-in", {**values, "csrf_token": token}).status_code == 303
    assert visitor.cookie() != first
    with app_on_each_db.app_context():
        assert len(db.session.scalars(select(Session)).all()) == 1


def test_the_database_holds_no_token(app_on_each_db: Flask, signed_in: Visitor) -> None:
    with app_on_each_db.app_context():
        (stored,) = db.session.scalars(select(RefreshToken.hash))
    cookie = signed_in.cookie()
    assert cookie
    assert cookie.encode() not in stored
    assert len(stored) == 32


class TestSession:
    """It is one of the account's sessions."""

    def test_is_listed_and_ended_by_the_api(self, app_on_each_db: Flask) -> None:
        ann = Member(app_on_each_db, role="owner")
        visitor = Visitor(app_on_each_db)
        visitor.sign_in(ann.email)
        (session,) = [item for item in ann.call("GET", "/api/me/sessions").json["data"] if not item["current"]]
        assert session["client"] == "127.0.0.1"
        assert visitor.get("/console").status_code == 200
        assert ann.call("DELETE", f"/api/me/sessions/{session['id']}").status_code == 200
        assert visitor.get("/console").status_code == 303

    def test_ends_with_a_disabled_account(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        change(app_on_each_db, update(Account).values(status="disabled"))
        assert signed_in.get("/console").status_code == 303

    def test_ends_at_its_time_and_after_90_days(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        change(app_on_each_db, update(Session).values(expires_at=now()))
        assert signed_in.get("/console").status_code == 303
        long_ago = now() - timedelta(days=90)
        change(app_on_each_db, update(Session).values(expires_at=now() + timedelta(days=1), created_at=long_ago))
        assert signed_in.get("/console").status_code == 303

    def test_lasts_30_days_from_its_last_use(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        soon, earlier = now() + timedelta(minutes=5), now() - timedelta(days=29)
        change(app_on_each_db, update(Session).values(expires_at=soon, created_at=earlier, last_used_at=earlier))
        assert signed_in.get("/console").status_code == 200
        with app_on_each_db.app_context():
            (session,) = db.session.scalars(select(Session))
            assert session.expires_at > now() + timedelta(days=29)
            assert session.last_used_at > now() - timedelta(minutes=1)

    def test_ends_with_a_sign_out(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        cookie = signed_in.cookie() or ""
        token = signed_in.token("/console")
        answer = signed_in.post("/console/sign-out", {"csrf_token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")
        assert signed_in.cookie() is None
        signed_in.client.set_cookie("forms_session", cookie, domain="127.0.0.1", path="/console")
        assert signed_in.get("/console").status_code == 303


class TestApi:
    """It takes no cookie, and the console no token."""

    def test_takes_no_cookie(self, signed_in: Visitor) -> None:
        cookie = signed_in.cookie() or ""
        for name in ("forms_session", "__Host-forms_session"):
            signed_in.client.set_cookie(name, cookie, domain="127.0.0.1", path="/")
        assert signed_in.get("/api/me").status_code == 401
        assert signed_in.get("/api/me", Authorization=f"Bearer {cookie}").status_code == 401
        answer = signed_in.client.post("/api/token/refresh", json={"refresh_token": cookie})
        assert answer.status_code == 401

    def test_gives_nothing_that_the_console_takes(self, app_on_each_db: Flask) -> None:
        ann = Member(app_on_each_db, role="owner")
        visitor = Visitor(app_on_each_db)
        assert visitor.get("/console", **ann.headers).status_code == 303
        refresh = ann.tokens["refresh_token"]
        visitor.client.set_cookie("forms_session", refresh, domain="127.0.0.1", path="/console")
        assert visitor.get("/console").status_code == 303


def change(app: Flask, statement: object) -> None:
    with app.app_context(), write_session():
        db.session.execute(statement)  # type: ignore[call-overload]
        db.session.commit()
