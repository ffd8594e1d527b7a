"""Deleting a form in the console, and who may open its settings."""

import pytest
from flask import Flask

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms import deletion
from forms_service.forms.models import Member
from tests.conftest import KeyOf
from tests.support.console import Visitor
from tests.support.stored import submit


@pytest.fixture
def pages(form: str) -> list[str]:
    return [f"/console/forms/{form}/settings", f"/console/forms/{form}/delete"]


def colleague(app: Flask, key_of: KeyOf, form: str, role: str) -> Visitor:
    """A member with this role, signed in."""
    email = f"{role}@example.com"
    key_of(app, email, role="user")
    with app.app_context(), write_session():
        account = db.session.query(Account).filter_by(email_index=email_index(email)).one()
        member = Member(form_id=form, account_id=account.id, email_index=email_index(email), role=role, status="active")
        db.session.add(member)
        db.session.commit()
    visitor = Visitor(app)
    visitor.sign_in(email)
    return visitor


def test_the_question_says_how_much_goes(
    app_on_each_db: Flask, signed_in: Visitor, form: str, pages: list[str]
) -> None:
    assert "It has no submissions." in signed_in.get(pages[1]).text
    submit(app_on_each_db, form)
    assert "Delete the form and 1 submission</button>" in signed_in.get(pages[1]).text
    submit(app_on_each_db, form, status="spam")
    assert "<strong>2 submissions</strong>, spam included, are erased with it" in signed_in.get(pages[1]).text
    answer = signed_in.press(pages[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console?done=form_erased")
    assert "The form and its submissions have been erased." in signed_in.get(answer.headers["Location"]).text
    assert [signed_in.get(page).status_code for page in pages] == [404, 404]


def test_a_large_form_is_erased_in_the_background(
    app_on_each_db: Flask, signed_in: Visitor, form: str, pages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(app_on_each_db, form)
    monkeypatch.setattr(deletion, "MAX_BATCHES_PER_REQUEST", 0)
    answer = signed_in.press(pages[1])
    assert answer.headers["Location"] == "/console?done=form_erasing"
    assert "Its submissions are being erased" in signed_in.get(answer.headers["Location"]).text
    assert signed_in.get(pages[0]).status_code == 404


@pytest.mark.parametrize(
    ("role", "statuses"), [("viewer", [403, 403]), ("editor", [403, 403]), ("manager", [200, 403])]
)
def test_members_see_what_their_role_may(
    app_on_each_db: Flask, key_of: KeyOf, form: str, pages: list[str], role: str, statuses: list[int]
) -> None:
    visitor = colleague(app_on_each_db, key_of, form, role)
    assert [visitor.get(page).status_code for page in pages] == statuses
    assert ("Settings</a>" in visitor.get(f"/console/forms/{form}").text) == (role == "manager")
    assert "Delete this form" not in visitor.get(pages[0]).text
    token = visitor.token("/console")
    changed = visitor.post(pages[0], {"csrf_token": token, "name": "Mine"}).status_code
    assert changed == (303 if role == "manager" else 403)
    assert visitor.post(pages[1], {"csrf_token": token}).status_code == 403


def test_a_stranger_gets_404(app_on_each_db: Flask, key_of: KeyOf, pages: list[str]) -> None:
    key_of(app_on_each_db, "stranger@other.example")
    visitor = Visitor(app_on_each_db)
    visitor.sign_in("stranger@other.example")
    token = visitor.token("/console")
    assert [visitor.get(page).status_code for page in pages] == [404, 404]
    assert [visitor.post(page, {"csrf_token": token}).status_code for page in pages] == [404, 404]
