"""A stranger who signs up with somebody's address gains nothing: confirming needs the sign-up's password."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from forms_service.accounts import cleanup
from forms_service.accounts.models import Account, Event, Token
from forms_service.database.types import now
from forms_service.delivery.models import Message
from forms_service.extensions import db
from tests.accounts.test_confirm import NO_GOOD, confirm, sign_up
from tests.accounts.test_sessions import change
from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, PASSWORD, Member, bearer, login, mails, token_in

STRANGERS = "Strangers-own-7"
DIFFERENT = {"password": ["different"]}


def stranger_signs_up(app: Flask, ann: dict[str, Any], client: str = "203.0.113.9") -> None:
    fields = ann | {"password": STRANGERS, "first_name": "Mallory"}
    answer = app.test_client().post("/api/signup", json=fields, environ_base={"REMOTE_ADDR": client})
    assert answer.status_code == 201


def links(app: Flask) -> list[str]:
    return [token_in(mail) for mail in mails(app, "confirm")]


def assert_it_is_anns(client: FlaskClient) -> None:
    assert login(client, "ann@example.com", STRANGERS).status_code == 401
    assert login(client, "ann@example.com").status_code == 200


@pytest.mark.parametrize("order", ["sa", "as", "sas", "asa", "ssa"])
def test_each_link_requires_the_password_of_its_own_sign_up(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any], order: str
) -> None:
    for who in order:
        stranger_signs_up(app_on_each_db, ann) if who == "s" else sign_up(client_on_each_db, ann)
    tokens = links(app_on_each_db)
    assert len(tokens) == len(order)
    for who, token in zip(order, tokens, strict=True):
        if who == "s":
            answer = confirm(client_on_each_db, token)
            assert (answer.status_code, answer.json["codes"]) == (422, DIFFERENT)
    assert login(client_on_each_db, "ann@example.com").status_code == 401, "nothing is open yet"
    tokens = confirm(client_on_each_db, tokens[order.rindex("a")]).json["data"]
    me = client_on_each_db.get("/api/me", headers=bearer(tokens["access_token"])).json["data"]
    assert me["first_name"] == "Ann"
    assert_it_is_anns(client_on_each_db)


def test_replace_sets_the_password(client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]) -> None:
    stranger_signs_up(app_on_each_db, ann)
    (token,) = links(app_on_each_db)
    assert confirm(client_on_each_db, token).json["codes"] == DIFFERENT
    weak = confirm(client_on_each_db, token, "short", replace=True)
    assert (weak.status_code, weak.json["codes"]["password"][0]) == (422, "too_short")
    assert confirm(client_on_each_db, token, replace=False).json["codes"] == DIFFERENT
    assert confirm(client_on_each_db, token, replace=True).status_code == 200
    assert_it_is_anns(client_on_each_db)


def test_a_resent_link_belongs_to_the_newest_sign_up(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    stranger_signs_up(app_on_each_db, ann)
    sign_up(client_on_each_db, ann)
    client_on_each_db.post("/api/signup/resend", json={"email": "ann@example.com"})
    assert confirm(client_on_each_db, links(app_on_each_db)[-1]).status_code == 200
    assert_it_is_anns(client_on_each_db)


def test_five_wrong_passwords_invalidate_the_link(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    sign_up(client_on_each_db, ann)
    (token,) = links(app_on_each_db)
    answers = [confirm(client_on_each_db, token, f"Wrong-horse-{number}") for number in range(6)]
    assert [answer.json["codes"] for answer in answers] == [DIFFERENT] * 5 + [NO_GOOD]
    assert [answer.json["details"]["tries_left"] for answer in answers[:5]] == [4, 3, 2, 1, 0]
    for more in ({}, {"replace": True}):
        assert confirm(client_on_each_db, token, **more).json["codes"] == NO_GOOD
    client_on_each_db.post("/api/signup/resend", json={"email": "ann@example.com"})
    assert confirm(client_on_each_db, links(app_on_each_db)[-1]).status_code == 200


def test_requests_of_strangers_do_not_use_up_the_holders_mails(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    for _ in range(4):
        stranger_signs_up(app_on_each_db, ann)
        client_on_each_db.post(
            "/api/password/forgot", json={"email": "ann@example.com"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
        )
    assert (len(links(app_on_each_db)), len(mails(app_on_each_db, "reset"))) == (3, 3)
    sign_up(client_on_each_db, ann)
    client_on_each_db.post("/api/password/forgot", json={"email": "ann@example.com"})
    assert (len(links(app_on_each_db)), len(mails(app_on_each_db, "reset"))) == (4, 4)
    assert confirm(client_on_each_db, links(app_on_each_db)[-1]).status_code == 200
    assert_it_is_anns(client_on_each_db)


def test_a_rate_limited_sign_up_takes_over_the_latest_link(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    for _ in range(3):
        stranger_signs_up(app_on_each_db, ann, "127.0.0.1")
    sign_up(client_on_each_db, ann)
    tokens = links(app_on_each_db)
    assert len(tokens) == 3
    assert confirm(client_on_each_db, tokens[0]).json["codes"] == DIFFERENT
    assert confirm(client_on_each_db, tokens[2]).status_code == 200
    assert_it_is_anns(client_on_each_db)


def test_an_address_gets_at_most_ten_mails_of_a_kind_per_hour(app: Flask, ann: dict[str, Any]) -> None:
    for number in range(14):
        stranger_signs_up(app, ann, f"203.0.{number}.9")
    assert len(links(app)) == 10


def test_a_reset_of_a_pending_account_drops_data_of_strangers(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    stranger_signs_up(app_on_each_db, ann)
    client_on_each_db.post("/api/password/forgot", json={"email": "ann@example.com"})
    token = token_in(mails(app_on_each_db, "reset")[0])
    assert client_on_each_db.post("/api/password/reset", json={"token": token, "password": PASSWORD}).status_code == 200
    assert confirm(client_on_each_db, links(app_on_each_db)[0], STRANGERS).json["codes"] == NO_GOOD
    assert_it_is_anns(client_on_each_db)


def test_a_pending_account_without_valid_links_is_erased(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, ann: dict[str, Any]
) -> None:
    Member(app_on_each_db, "active@example.com")
    sign_up(client_on_each_db, ann)
    sign_up(client_on_each_db, ann | {"email": "other@example.com"})
    with app_on_each_db.app_context():
        other = db.session.scalar(select(Token.account_id).order_by(Token.expires_at.desc()).limit(1))
    late = update(Token).where(Token.account_id != other)
    change(app_on_each_db, late.values(expires_at=now() - timedelta(seconds=1)))
    with app_on_each_db.app_context():
        cleanup.delete_expired()
        assert db.session.scalar(select(func.count()).select_from(Account)) == 2
        assert db.session.scalar(select(func.count()).select_from(Message)) == 1
        erased = select(Event.client, Event.details).where(Event.account_id.is_not(None), Event.account_id != other)
        assert (None, None) in db.session.execute(erased.where(Event.name == "signup_expired")).all()
    sign_up(client_on_each_db, ann)
    assert confirm(client_on_each_db, links(app_on_each_db)[-1]).status_code == 200


def test_a_confirmed_new_address_replaces_a_pending_sign_up(app_on_each_db: Flask, ann: dict[str, Any]) -> None:
    bob = Member(app_on_each_db, "bob@example.com")
    stranger_signs_up(app_on_each_db, ann)
    assert bob.call("POST", "/api/me/email", password=PASSWORD, email="ann@example.com").status_code == 202
    token = token_in(mails(app_on_each_db, "new_address")[0])
    assert bob.client.post("/api/me/email/confirm", json={"token": token}).status_code == 200
    assert_it_is_anns(bob.client)


class TestPage:
    """The link in a browser, with no script."""

    @pytest.fixture
    def token(self, app: Flask, ann: dict[str, Any]) -> str:
        stranger_signs_up(app, ann)
        return links(app)[0]

    def test_asks_for_the_password_without_revealing_the_sign_up(self, client: FlaskClient, token: str) -> None:
        page = client.get(f"/signup/confirm?token={token}").text
        assert 'type="password"' in page
        assert 'name="replace"' not in page, "only once another password was typed"
        assert not {"Mallory", "Ann", "ann@example.com"} & set(page.replace("<", " ").replace(">", " ").split())

    def test_offers_to_replace_the_password_and_never_shows_one(self, client: FlaskClient, token: str) -> None:
        typed = {"token": token, "password": PASSWORD}
        wrong = client.post("/api/signup/confirm", data=typed, headers=BROWSER)
        assert (wrong.status_code, wrong.mimetype) == (422, "text/html")
        assert 'name="replace"' in wrong.text
        assert f'value="{token}"' in wrong.text
        assert PASSWORD not in wrong.text
        right = client.post("/api/signup/confirm", data={**typed, "replace": "true"}, headers=BROWSER)
        assert (right.status_code, right.headers["Location"]) == (303, "/signup/confirmed")
        assert_it_is_anns(client)

    def test_shows_no_button_after_the_last_attempt(self, client: FlaskClient, token: str) -> None:
        typed = {"token": token, "password": PASSWORD}
        pages = [client.post("/api/signup/confirm", data=typed, headers=BROWSER).text for _ in range(5)]
        assert ["<button" in page for page in pages] == [True] * 4 + [False]
        assert 'href="/signup/resend"' in pages[-1]


def test_answers_to_two_who_ask_about_a_changed_address_are_the_same(make_app: MakeApp) -> None:
    app = make_app()
    bob = Member(app, "bob@example.com")
    Member(app)
    kinds = []
    for address in ("ann@example.com", "free@example.com"):
        before = len(mails(app))
        assert bob.call("POST", "/api/me/email", password=PASSWORD, email=address).status_code == 202
        kinds.append([mail["kind"] for mail in mails(app)[before:] if mail["to"] == "bob@example.com"])
    assert kinds == [["address_changing"]] * 2
