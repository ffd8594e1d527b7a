"""Confirmation of an address, and its mails."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from forms_service import signals
from forms_service.accounts import pages
from forms_service.accounts.models import Token
from forms_service.database.types import now
from tests.accounts.test_sessions import change
from tests.conftest import MakeApp
from tests.delivery.test_mail_problem import PRODUCTION
from tests.support.accounts import BROWSER, PASSWORD, Member, bearer, login, mails, token_in

NO_GOOD = {"token": ["invalid_token"]}


def confirm(client: FlaskClient, token: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/api/signup/confirm", json={"token": token, "password": password, **more})


def sign_up(client: FlaskClient, ann: dict[str, Any], **changes: str) -> None:
    assert client.post("/api/signup", json=ann | changes).status_code == 201


def test_the_link_activates_the_account_once(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    sign_up(client_on_each_db, ann)
    (mail,) = mails(app_on_each_db)
    assert (mail["kind"], mail["to"]) == ("confirm", "ann@example.com")
    assert mail["link"].startswith("http://127.0.0.1:5000/signup/confirm?token=")
    assert login(client_on_each_db, "ann@example.com").status_code == 401
    tokens = confirm(client_on_each_db, token_in(mail)).json["data"]
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert client_on_each_db.get("/api/me", headers=bearer(tokens["access_token"])).json["data"]["status"] == "active"
    assert login(client_on_each_db, "ann@example.com").status_code == 200
    again = confirm(client_on_each_db, token_in(mail))
    assert (again.status_code, again.json["codes"]) == (422, NO_GOOD)


def test_every_invalid_token_gets_the_same_error(app: Flask, client: FlaskClient, ann: dict[str, Any]) -> None:
    sign_up(client, ann)
    client.post("/api/password/forgot", json={"email": "ann@example.com"})
    expired, other = [token_in(mail) for mail in mails(app)]
    change(app, update(Token).where(Token.purpose == "confirm").values(expires_at=now() - timedelta(seconds=1)))
    answers = [confirm(client, token) for token in (expired, other, "x" * 43, "ü")]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.data for answer in answers}) == 1


def test_only_a_hash_of_a_token_is_stored(app: Flask, client: FlaskClient, ann: dict[str, Any], tmp_path: Any) -> None:
    sign_up(client, ann)
    token = token_in(mails(app)[0])
    files = [file.read_bytes() for file in tmp_path.rglob("forms.db*")]
    assert files
    assert not any(token.encode() in content for content in files)


def test_resending_the_link_does_not_reveal_accounts(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    Member(app_on_each_db, "active@example.com")
    Member(app_on_each_db, "pending@example.com", status="pending")
    answers = [
        client_on_each_db.post("/api/signup/resend", json={"email": f"{name}@example.com"})
        for name in ("active", "pending", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.data for answer in answers}) == 1
    (mail,) = mails(app_on_each_db)
    assert mail["to"] == "pending@example.com"
    assert confirm(client_on_each_db, token_in(mail)).status_code == 200


def test_no_address_gets_more_than_three_mails_of_a_kind_an_hour(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    sign_up(client_on_each_db, ann)
    for _ in range(4):
        assert client_on_each_db.post("/api/signup/resend", json={"email": "ann@example.com"}).status_code == 202
    assert len(mails(app_on_each_db)) == 3


def test_the_holder_of_a_taken_address_is_notified(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    Member(app_on_each_db)
    sign_up(client_on_each_db, ann, first_name="Mallory")
    (mail,) = mails(app_on_each_db)
    assert (mail["kind"], mail["to"]) == ("already_registered", "ann@example.com")


def test_each_sign_up_with_an_address_confirms_its_own_data(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    sign_up(client_on_each_db, ann, first_name="Mallory", password="Strangers-own-7", phone="5550123456")
    sign_up(client_on_each_db, ann)
    first, second = [token_in(mail) for mail in mails(app_on_each_db, "confirm")]
    assert confirm(client_on_each_db, second).status_code == 200
    assert login(client_on_each_db, "ann@example.com", "Strangers-own-7").status_code == 401
    assert confirm(client_on_each_db, first, "Strangers-own-7").status_code == 422
    tokens = login(client_on_each_db, "ann@example.com").json["data"]
    me = client_on_each_db.get("/api/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json["data"]
    assert (me["first_name"], me["phone"]) == ("Ann", None)


def test_signals_are_sent_after_the_commit(app: Flask, client: FlaskClient, ann: dict[str, Any]) -> None:
    events: list[str] = []

    def created(_: object, **details: Any) -> None:
        events.append(f"created {details['account_id']}")

    def confirmed(_: object, **details: Any) -> None:
        events.append(f"confirmed {details['account_id']}")

    with signals.account_created.connected_to(created), signals.account_confirmed.connected_to(confirmed):
        sign_up(client, ann)
        sign_up(client, ann)
        confirm(client, token_in(mails(app)[0]))
    me = login(client, "ann@example.com").json["data"]
    identity = client.get("/api/me", headers={"Authorization": f"Bearer {me['access_token']}"}).json["data"]["id"]
    assert events == [f"created {identity}", f"confirmed {identity}"]


class TestPages:
    """Pages for people without a front end."""

    def test_the_link_opens_a_page_with_a_button_that_acts(
        self, app: Flask, client: FlaskClient, ann: dict[str, Any]
    ) -> None:
        sign_up(client, ann)
        link = mails(app)[0]["link"].removeprefix("http://127.0.0.1:5000")
        for _ in range(2):
            page = client.get(link)
            assert (page.status_code, page.mimetype) == (200, "text/html")
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert login(client, "ann@example.com").status_code == 401, "looking at it does nothing"
        token = token_in(mails(app)[0])
        assert f'value="{token}"' in page.text
        typed = {"token": token, "password": PASSWORD}
        acted = client.post("/api/signup/confirm", data=typed, headers=BROWSER)
        assert (acted.status_code, acted.headers["Location"]) == (303, "/signup/confirmed")
        again = client.post("/api/signup/confirm", data=typed, headers=BROWSER)
        assert (again.status_code, again.mimetype) == (422, "text/html")
        assert "This link is invalid" in again.text
        assert 'href="/signup/resend"' in again.text
        assert "<button" not in again.text, "it could not work"

    @pytest.mark.parametrize("path", ["/signup/resend", "/forgot"])
    def test_a_mail_can_be_requested(self, client: FlaskClient, path: str) -> None:
        page = client.get(path)
        action = {"/signup/resend": "/api/signup/resend", "/forgot": "/api/password/forgot"}[path]
        assert f'action="{action}"' in page.text
        answer = client.post(action, data={"email": "ann@example.com"}, headers=BROWSER)
        assert answer.status_code == 303
        assert "Check your mail" in client.get(answer.headers["Location"]).text
        wrong = client.post(action, data={"email": "ann"}, headers=BROWSER)
        assert (wrong.status_code, wrong.mimetype) == (422, "text/html")
        assert "Enter an e-mail address" in wrong.text

    def test_an_invalid_link_shows_no_button(self, client: FlaskClient) -> None:
        for path, way_on in (("/signup/confirm", "/signup/resend"), ("/reset", "/forgot"), ("/new-address", "/")):
            page = client.get(f"{path}?token=x").text
            assert "This link is invalid" in page
            assert "<button" not in page
            assert f'href="{way_on}"' in page

    def test_no_page_after_a_form_is_a_dead_end(self, client: FlaskClient) -> None:
        for path, *_ in pages.DONE_PAGES.values():
            main = client.get(path).text.partition("<main>")[2]
            links = re.findall(r'href="([^"]+)"', main)
            assert links, path
            assert {client.get(link).status_code for link in links} == {200}

    def test_a_closed_sign_up_is_not_offered(self, make_app: MakeApp, ann: dict[str, Any]) -> None:
        client = make_app(SIGNUP_ENABLED="false").test_client()
        assert 'href="/signup"' not in client.get("/").text
        refused = client.post("/api/signup", data=ann, headers=BROWSER)
        assert refused.status_code == 403
        for page in (client.get("/signup"), refused):
            assert "Sign-up is closed" in page.text
            assert "<form" not in page.text

    def test_mails_are_not_offered_where_none_are_sent(self, make_app: MakeApp, postgres_url: str) -> None:
        client = make_app(**PRODUCTION, DATABASE_URL=postgres_url).test_client()
        for path in ("/forgot", "/signup/resend"):
            page = client.get(path).text
            assert "This service cannot send mail" in page
            assert "<form" not in page

    def test_the_token_of_the_link_is_escaped(self, client: FlaskClient) -> None:
        for path in ("/signup/confirm", "/reset", "/new-address"):
            page = client.get(f"{path}?token=%22%3E%3Cscript%3E&token=2")
            assert "<script" not in page.text
            assert client.get(path).status_code == 200


def test_links_begin_with_the_public_url_and_no_host_header(make_app: MakeApp, ann: dict[str, Any]) -> None:
    app = make_app(PUBLIC_URL="https://site.example/forms")
    app.test_client().post("/api/signup", json=ann, headers={"Host": "evil.example"})
    assert mails(app)[0]["link"].startswith("https://site.example/forms/signup/confirm?token=")


def test_sign_in_and_sign_up_lead_to_each_other(make_app: MakeApp) -> None:
    client = make_app().test_client()
    assert 'href="/signup"' in client.get("/console/sign-in").text
    for path in ("/signup", "/signup/resend", "/forgot", "/signup/confirmed", "/signup/confirm?token=x"):
        assert 'href="/console/sign-in"' in client.get(path).text, path
    closed = make_app(SIGNUP_ENABLED="false").test_client()
    assert 'href="/signup"' not in closed.get("/console/sign-in").text
