"""Colleagues on a form, and what the tests of the inbox pages press."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms.models import Member
from forms_service.submissions.models import Submission
from tests.conftest import KeyOf
from tests.support.console import Visitor
from tests.support.owners import form, owner  # noqa: F401 (fixtures)

Colleague = Callable[[str], Visitor]


@pytest.fixture
def colleague(app_on_each_db: Flask, key_of: KeyOf, form: str) -> Colleague:  # noqa: F811 (the fixture)
    """Somebody with that role on the form, signed in."""

    def make(role: str) -> Visitor:
        email = f"{role}@example.com"
        key_of(app_on_each_db, email, role="user")
        with app_on_each_db.app_context(), write_session():
            index = email_index(email)
            account = db.session.scalars(select(Account.id).where(Account.email_index == index)).one()
            values = {"email": email, "email_index": index, "role": role, "status": "active"}
            db.session.add(Member(form_id=form, account_id=account, **values))
            db.session.commit()
        visitor = Visitor(app_on_each_db)
        assert visitor.sign_in(email).status_code == 303
        return visitor

    return make


def state(app: Flask, *ids: str) -> list[tuple[str, bool]]:
    """Status and read state of submissions, in that order."""
    with app.app_context():
        rows = {str(row.id): (row.status, row.read) for row in db.session.scalars(select(Submission))}
    return [rows[identity] for identity in ids]


def press(visitor: Visitor, form_id: str, action: str, *ids: str, query: str = "") -> TestResponse:
    """Tick submissions of the list and press a button above it."""
    token = visitor.token(f"/console/forms/{form_id}{query}")
    fields: dict[str, Any] = {"csrf_token": token, "ids": list(ids), "action": action}
    return visitor.post(f"/console/forms/{form_id}/selection{query}", fields)


def press_undo(visitor: Visitor, page: str, offer: str | None = None) -> TestResponse:
    """Press the button of the offer on a page; return the page after it."""
    text = offer or visitor.get(page).text
    match = re.search(r'action="([^"]*/undo[^"]*)".*?name="token" value="([^"]+)"', text, re.S)
    assert match, "nothing is offered"
    fields = {"csrf_token": visitor.token(page), "token": match[2]}
    answer = visitor.post(match[1].replace("&amp;", "&"), fields)
    assert answer.status_code == 303
    return visitor.get(answer.headers["Location"])


def rows(text: str) -> list[str]:
    """Ids of the rows of a list, from the top."""
    return re.findall(r' id="s-([0-9a-f-]{36})"', text)
