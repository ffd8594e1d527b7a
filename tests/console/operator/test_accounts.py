"""Accounts as operators see and change them."""

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.accounts import deletion
from forms_service.accounts.models import Account, Event
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from tests.console.operator.conftest import OPERATOR
from tests.support.accounts import PASSWORD, Member, login
from tests.support.console import Visitor

PAGE = "/console/operator/accounts"


@pytest.fixture
def ann(app_on_each_db: Flask) -> Member:
    return Member(app_on_each_db)


def page_of(account: Member) -> str:
    return f"{PAGE}/{account.id}"


def account_id(app: Flask, email: str) -> str:
    with app.app_context():
        return next(str(account.id) for account in db.session.scalars(select(Account)) if account.email == email)


def trail(app: Flask, account: str) -> list[tuple[str, str | None, str | None]]:
    with app.app_context():
        events = db.session.scalars(select(Event).order_by(Event.id)).all()
        return [(event.name, event.client, event.details) for event in events if str(event.account_id) == account]


def test_are_listed_and_paged(app_on_each_db: Flask, operator: Visitor) -> None:
    for number in range(27):
        Member(app_on_each_db, f"p{number}@example.com", status="pending")
    first = operator.get(PAGE).text
    assert first.index("p26@example.com") < first.index("p2@example.com")
    assert "owner@example.com" not in first
    older = first.partition("?cursor=")[2].partition('"')[0]
    assert "owner@example.com" in operator.get(f"{PAGE}?cursor={older}").text
    assert "accounts_listed" in [name for name, _, _ in trail(app_on_each_db, account_id(app_on_each_db, OPERATOR))]


def test_one_is_found_by_its_exact_address(operator: Visitor, ann: Member) -> None:
    answer = operator.send(PAGE, email="ANN@example.com")
    assert answer.headers["Location"] == page_of(ann), "no address in a URL"
    text = operator.get(page_of(ann)).text
    assert "ann@example.com" in text
    assert "<dt>Status</dt><dd>active</dd>" in text
    refused = operator.send(PAGE, email="ann@example.co")
    assert (refused.status_code, "There is no account with this e-mail address." in refused.text) == (422, True)
    assert 'value="ann@example.co"' in refused.text


def test_is_disabled_and_enabled(app_on_each_db: Flask, operator: Visitor, ann: Member) -> None:
    answer = operator.send(f"{page_of(ann)}/disable", page_of(ann))
    assert "The account has been disabled." in operator.get(answer.headers["Location"]).text
    assert ann.call("GET", "/api/me").status_code == 401
    assert login(ann.client, ann.email).status_code == 403
    operator.send(f"{page_of(ann)}/enable", page_of(ann))
    assert login(ann.client, ann.email).status_code == 200
    refused = operator.send(f"{page_of(ann)}/enable", page_of(ann))
    assert (refused.status_code, "This account is not disabled" in refused.text) == (409, True)
    names = [name for name, _, _ in trail(app_on_each_db, account_id(app_on_each_db, OPERATOR))]
    assert names.count("operator_changed_account") == 2


def test_the_trail_of_the_account_does_not_show_where_the_operator_was(
    app_on_each_db: Flask, operator: Visitor, ann: Member
) -> None:
    operator.send(f"{page_of(ann)}/disable", page_of(ann))
    assert ("account_disabled", None, '{"role": "user", "status": "disabled"}') in trail(app_on_each_db, ann.id)
    own = trail(app_on_each_db, account_id(app_on_each_db, OPERATOR))
    ((client, details),) = [(client, details) for name, client, details in own if name == "operator_changed_account"]
    assert client == "127.0.0.1"
    assert ann.id in (details or "")


def test_a_role_is_changed_with_the_operators_password(operator: Visitor, ann: Member) -> None:
    refused = operator.send(f"{page_of(ann)}/role", page_of(ann), role="operator", password="wrong")
    assert (refused.status_code, "Wrong current password." in refused.text) == (422, True)
    assert operator.send(f"{page_of(ann)}/role", page_of(ann), role="king", password=PASSWORD).status_code == 422
    assert ann.call("GET", "/api/me").json["data"]["role"] == "user"
    answer = operator.send(f"{page_of(ann)}/role", page_of(ann), role="owner", password=PASSWORD)
    assert "The role has been changed." in operator.get(answer.headers["Location"]).text
    assert ann.call("GET", "/api/me").json["data"]["role"] == "owner"


def test_the_last_operator_stays(app_on_each_db: Flask, operator: Visitor, ann: Member) -> None:
    page = f"{PAGE}/{account_id(app_on_each_db, OPERATOR)}"
    for action, fields in (("disable", {}), ("role", {"role": "owner", "password": PASSWORD})):
        refused = operator.send(f"{page}/{action}", page, **fields)
        assert (refused.status_code, "This is the last operator" in refused.text) == (409, True)
        assert "--yes" not in refused.text
    operator.send(f"{page_of(ann)}/role", page_of(ann), role="operator", password=PASSWORD)
    assert operator.send(f"{page}/disable", page).status_code == 303
    assert operator.get(PAGE).status_code == 303


def test_an_account_that_is_being_erased_is_gone(app_on_each_db: Flask, operator: Visitor, ann: Member) -> None:
    with app_on_each_db.app_context(), write_session():
        deletion.anonymize(next(row for row in db.session.scalars(select(Account)) if str(row.id) == ann.id))
        db.session.commit()
    assert page_of(ann) not in operator.get(PAGE).text
    assert operator.get(page_of(ann)).status_code == 404
    assert operator.send(f"{page_of(ann)}/enable", PAGE).status_code == 404
