"""Fifty concurrent requests on one account: the result is a serial one, never a 5xx."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forms_service.accounts import administration
from forms_service.accounts.models import Account, RefreshToken, Session
from forms_service.errors import ConflictError
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, Member, login, mails, token_in

FIFTY = 50


@pytest.fixture
def app(make_app_on_each_db: MakeApp) -> Flask:
    return make_app_on_each_db(RATE_LIMIT_ENABLED="false")


def at_once(act: Callable[[int], Any]) -> list[int]:
    """The statuses that fifty get who do the same at the same time."""
    with ThreadPoolExecutor(FIFTY) as threads:
        return sorted(threads.map(lambda number: act(number).status_code, range(FIFTY)))


def post(app: Flask, path: str, **fields: Any) -> Any:
    return app.test_client().post(path, json=fields)


def count(app: Flask, kind: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(kind)) or 0


@pytest.mark.slow
def test_concurrent_sign_ups_create_one_account_and_three_mails(app: Flask, ann: dict[str, Any]) -> None:
    assert set(at_once(lambda _: post(app, "/api/signup", **ann))) == {201}
    assert count(app, Account) == 1
    assert len(mails(app)) == 3


def test_one_of_several_concurrent_confirmations_succeeds(app: Flask, ann: dict[str, Any]) -> None:
    post(app, "/api/signup", **ann)
    token = token_in(mails(app)[0])
    assert at_once(lambda _: post(app, "/api/signup/confirm", token=token, password=PASSWORD)) == [200] + [422] * 49
    assert login(app.test_client(), "ann@example.com").status_code == 200


def test_one_of_several_concurrent_confirmations_with_different_links_succeeds(app: Flask, ann: dict[str, Any]) -> None:
    for _ in range(3):
        post(app, "/api/signup", **ann)
    tokens = [token_in(mail) for mail in mails(app)]
    statuses = at_once(lambda number: post(app, "/api/signup/confirm", token=tokens[number % 3], password=PASSWORD))
    assert statuses == [200] + [422] * 49


def test_concurrent_refreshes_keep_the_session(app: Flask) -> None:
    ann = Member(app)
    token = ann.tokens["refresh_token"]
    assert set(at_once(lambda _: post(app, "/api/token/refresh", refresh_token=token))) == {200}
    assert (count(app, Session), count(app, RefreshToken)) == (1, 2)


@pytest.mark.slow
def test_one_of_several_concurrent_resets_succeeds(app: Flask) -> None:
    ann = Member(app)
    for _ in range(3):
        post(app, "/api/password/forgot", email=ann.email)
    tokens = [token_in(mail) for mail in mails(app)]
    passwords = [f"Battery-staple-{number}" for number in range(FIFTY)]
    statuses = at_once(
        lambda number: post(app, "/api/password/reset", token=tokens[number % 3], password=passwords[number])
    )
    assert statuses == [200] + [422] * 49
    good = [password for password in passwords if login(app.test_client(), ann.email, password).status_code == 200]
    assert len(good) == 1
    assert login(app.test_client(), ann.email).status_code == 401


def test_mixed_concurrent_requests_never_fail_with_5xx(app: Flask) -> None:
    ann = Member(app)
    refresh_token = ann.tokens["refresh_token"]
    acts: list[Callable[[], Any]] = [
        lambda: login(app.test_client(), ann.email),
        lambda: post(app, "/api/token/refresh", refresh_token=refresh_token),
        lambda: app.test_client().get("/api/me", headers=ann.headers),
        lambda: app.test_client().post("/api/logout", headers=ann.headers),
        lambda: post(app, "/api/password/forgot", email=ann.email),
        lambda: app.test_client().delete("/api/me", json={"password": PASSWORD}, headers=ann.headers),
        lambda: post(app, "/api/signup", email=ann.email, first_name="Al", last_name="Al", password=PASSWORD),
    ]
    assert set(at_once(lambda number: acts[number % len(acts)]())) <= {200, 201, 202, 401, 403, 409}


def test_operators_demoted_at_once_leave_one(app: Flask) -> None:
    operators = [Member(app, f"operator{number}@example.com", role="operator").email for number in range(5)]
    ready = Barrier(len(operators))

    def demote(email: str) -> str:
        with app.app_context():
            ready.wait()
            try:
                administration.set_role(email, "user")
            except ConflictError as error:
                return error.message
        return ""

    with ThreadPoolExecutor(len(operators)) as threads:
        outcomes = sorted(threads.map(demote, operators))
    assert outcomes == [""] * 4 + [administration.LAST_OPERATOR]
