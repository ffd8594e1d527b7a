"""Failed sign-ins of strangers: known places are not locked out, and nothing reveals accounts."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forms_service.accounts.devices import MAX_PLACES
from forms_service.accounts.models import KnownPlace
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, PASSWORD, Member, mails, token_in

HOME, MOBILE = "198.51.100.1", "198.51.101.7"
LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class Browser:
    """A client at an address, which keeps cookies."""

    def __init__(self, app: Flask, address: str, **headers: str) -> None:
        self.client = app.test_client()
        self.address, self.headers = address, headers

    def sign_in(self, password: str = PASSWORD, email: str = "ann@example.com", address: str | None = None) -> Any:
        credentials = {"email": email, "password": password}
        place = {"REMOTE_ADDR": address or self.address}
        return self.client.post("/api/login", json=credentials, environ_base=place, headers=self.headers)


@pytest.fixture
def guarded(make_app_on_each_db: MakeApp) -> Flask:
    app = make_app_on_each_db(LOGIN_RATE_LIMIT="3/900")
    Member(app)
    return app


def lock(app: Flask, email: str = "ann@example.com") -> list[int]:
    strangers = [Browser(app, f"203.0.{number}.9") for number in range(4)]
    return [stranger.sign_in("Wrong-horse-7", email).status_code for stranger in strangers]


def test_a_known_network_has_its_own_attempts(guarded: Flask) -> None:
    home = Browser(guarded, HOME)
    assert home.sign_in().status_code == 200
    lock(guarded)
    assert Browser(guarded, MOBILE).sign_in().status_code == 429
    assert home.sign_in("Wrong-horse-7").status_code == 401
    assert home.sign_in().status_code == 200


def test_a_known_browser_has_its_own_attempts_on_any_network(guarded: Flask) -> None:
    browser = Browser(guarded, HOME, **{"Sec-Fetch-Mode": "cors"})
    answer = browser.sign_in()
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Max-Age="):
        assert part in cookie
    assert "ann" not in cookie
    lock(guarded)
    assert browser.sign_in(address=MOBILE).status_code == 200
    assert "Set-Cookie" not in browser.sign_in(address=MOBILE).headers, "it is known"
    assert Browser(guarded, MOBILE, **{"Sec-Fetch-Mode": "cors"}).sign_in("Wrong-horse-7").status_code == 401


def test_attempts_from_a_known_place_are_limited_too(guarded: Flask) -> None:
    home = Browser(guarded, HOME)
    assert home.sign_in().status_code == 200
    app_limits = [home.sign_in("Wrong-horse-7", address=HOME).status_code for _ in range(3)]
    assert app_limits == [401, 401, 429], "the client's own limit"


def test_a_known_place_belongs_to_one_account(guarded: Flask) -> None:
    Member(guarded, "bob@example.com")
    assert Browser(guarded, HOME).sign_in().status_code == 200
    lock(guarded, "bob@example.com")
    assert Browser(guarded, HOME).sign_in(email="bob@example.com").status_code == 429


def test_a_program_gets_no_cookie(guarded: Flask) -> None:
    assert "Set-Cookie" not in Browser(guarded, HOME).sign_in().headers


def test_confirming_the_address_remembers_the_place(make_app: MakeApp, ann: dict[str, Any]) -> None:
    app = make_app(LOGIN_RATE_LIMIT="3/900")
    client = app.test_client()
    place = {"environ_base": {"REMOTE_ADDR": HOME}}
    client.post("/api/signup", json=ann, **place)
    body = {"token": token_in(mails(app, "confirm")[0]), "password": PASSWORD}
    assert client.post("/api/signup/confirm", data=body, headers=BROWSER, **place).status_code == 303
    lock(app)
    assert Browser(app, HOME).sign_in().status_code == 200


def test_known_places_are_bounded_and_stored_as_hashes(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMIT_ENABLED="false")
    Member(app)
    for number in range(MAX_PLACES + 3):
        assert Browser(app, f"198.51.100.{number}").sign_in().status_code == 200
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(KnownPlace)) == MAX_PLACES
        assert not any(b"198.51" in place for place in db.session.scalars(select(KnownPlace.place)))


class TestSecrecy:
    """A stranger learns nothing from an account's limit."""

    def visible(self, answer: Any) -> tuple[Any, ...]:
        return (answer.status_code, answer.data, *(answer.headers.get(name) for name in LIMITS[:2]))

    @pytest.mark.parametrize("others", [0, 2, 3])
    def test_rate_limit_headers_do_not_reveal_attempts_of_others(self, guarded: Flask, others: int) -> None:
        for number in range(others):
            Browser(guarded, f"203.0.{number}.9").sign_in("Wrong-horse-7")
        stranger = Browser(guarded, "203.0.113.50")
        first = stranger.sign_in("Wrong-horse-7", "fresh@example.com")
        assert first.headers["X-RateLimit-Remaining"] == "2"
        answer = stranger.sign_in("Wrong-horse-7")
        assert answer.headers["X-RateLimit-Remaining"] == ("0" if others == 3 else "1")
        assert answer.status_code == (429 if others == 3 else 401)

    def test_a_sign_in_by_the_owner_does_not_reset_a_strangers_limit(self, guarded: Flask) -> None:
        home = Browser(guarded, HOME)
        assert home.sign_in().status_code == 200
        results = []
        for email in ("ann@example.com", "nobody@example.com"):
            statuses = lock(guarded, email)[:2]
            if email == "ann@example.com":
                assert home.sign_in().status_code == 200
            stranger = Browser(guarded, f"203.0.113.{len(results)}")
            results.append((statuses, self.visible(stranger.sign_in("Wrong-horse-7", email))))
        assert results[0][1] == results[1][1]
