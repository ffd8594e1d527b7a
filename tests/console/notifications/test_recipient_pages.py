"""Recipients in the console: who gets mail, when, about what, and why not."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask

from forms_service.accounts.service import email_index
from forms_service.delivery import suppressions
from forms_service.extensions import db
from forms_service.forms.models import Member
from tests.conftest import KeyOf
from tests.support import accounts
from tests.support.accounts import mails
from tests.support.console import Visitor
from tests.support.html_forms import send_form, shown_values
from tests.support.stored import OWNER, make_form

BOB = "bob@example.com"
FIELDS = [
    {"name": "name", "type": "text", "label": "Your name"},
    {
        "name": "topic",
        "type": "select",
        "label": "Topic",
        "choices": [{"value": "sales", "label": "Sales, prices"}, "x"],
    },
    {"name": "الاسم", "type": "text", "label": "الاسم الكامل"},
]


@pytest.fixture
def page(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    """Of a form with fields."""
    return f"/console/forms/{make_form(app_on_each_db, OWNER, FIELDS)}/notifications"


def add(visitor: Visitor, page: str, email: str = BOB, **values: Any) -> str:
    """Add a recipient by the form; the path of its page."""
    answer = send_form(visitor, f"{page}/recipients/new", "/recipients/new", email=email, **values)
    assert answer.status_code == 303, answer.text
    return re.findall(rf'href="({page}/recipients/[0-9a-f-]{{36}})"', visitor.get(page).text)[-1]


def stored(visitor: Visitor, page: str, owner: dict[str, str]) -> list[dict[str, Any]]:
    """The recipients as the API shows them."""
    form_id = page.split("/")[3]
    items: list[dict[str, Any]] = visitor.client.get(f"/api/forms/{form_id}/recipients", headers=owner).json["data"]
    return items


def test_an_added_address_waits_for_the_click_in_its_mail(app_on_each_db: Flask, signed_in: Visitor, page: str) -> None:
    assert OWNER in signed_in.get(page).text
    add(signed_in, page)
    text = signed_in.get(page).text
    assert "waiting for the click in the mail" in text
    assert [mail["to"] for mail in mails(app_on_each_db, "recipient_confirm")] == [BOB]
    answer = send_form(signed_in, page, "/again")
    assert answer.headers["Location"] == f"{page}?done=recipient_asked"
    assert [mail["to"] for mail in mails(app_on_each_db, "recipient_confirm")] == [BOB] * 2


def test_options_and_conditions_are_saved_and_shown_again(signed_in: Visitor, page: str, owner: dict[str, str]) -> None:
    rows = {
        "when.0.field": "topic",
        "when.0.operator": "in",
        "when.0.value": "sales\r\nx, y\r\n",
        "when.2.field": "الاسم",
        "when.2.operator": "is_not",
        "when.2.value": "محمد",
    }
    options = {"frequency": "weekly", "hour": "7", "weekday": "friday", "timezone": "Europe/Vienna"}
    recipient = add(signed_in, page, **options, content="summary", files="none", **rows)
    item = stored(signed_in, page, owner)[1]
    when = [{"field": "topic", "in": ["sales", "x, y"]}, {"field": "الاسم", "is_not": "محمد"}]
    assert item["when"] == when
    assert {name: str(item[name]) for name in options} == options
    text = signed_in.get(page).text
    assert "a digest every Friday at 07:00, Europe/Vienna" in text
    assert "<bdi>Topic</bdi> is one of “<bdi>sales, x, y</bdi>” and <bdi>الاسم الكامل</bdi> is not" in text
    assert "Topic (topic)" in signed_in.get(recipient).text
    assert "sales (Sales, prices)" in signed_in.get(recipient).text
    assert send_form(signed_in, recipient, recipient, frequency="daily").status_code == 303
    changed = stored(signed_in, page, owner)[1]
    assert (changed["frequency"], changed["when"], changed["files"]) == ("daily", when, "none")
    emptied = {f"when.{number}.{part}": "" for number in (0, 1) for part in ("field", "value")}
    assert send_form(signed_in, recipient, recipient, **emptied).status_code == 303
    assert stored(signed_in, page, owner)[1]["when"] is None


def test_faults_stand_beside_their_controls_and_nothing_typed_is_lost(signed_in: Visitor, page: str) -> None:
    rows = {"when.0.field": "", "when.0.value": "", "when.1.field": "topic", "when.1.value": ""}
    values = {"timezone": "Mars/Base", "when.2.field": "gone", "when.2.value": "kept as typed", **rows}
    answer = send_form(signed_in, f"{page}/recipients/new", "/recipients/new", email="bob@", **values)
    assert answer.status_code == 422
    text = answer.text
    assert 'id="timezone-wrong">Must be an IANA time zone such as Europe/Vienna.' in text
    assert 'id="email-wrong"' in text
    assert 'id="when.0.value-wrong">Must not be empty.' in text
    assert 'value="bob@"' in text
    assert "kept as typed" in text
    valid = {**values, "timezone": "UTC", "when.1.value": "sales"}
    answer = send_form(signed_in, f"{page}/recipients/new", "/recipients/new", email=BOB, **valid)
    assert answer.status_code == 422
    assert 'id="when.1.field-wrong">The form has no field gone.' in answer.text
    assert "gone (not in the form)" in answer.text


def test_a_form_without_fields_takes_any_name(signed_in: Visitor, form: str, owner: dict[str, str]) -> None:
    page = f"/console/forms/{form}/notifications"
    add(signed_in, page, **{"when.0.field": "会社", "when.0.operator": "contains", "when.0.value": "x"})
    assert stored(signed_in, page, owner)[1]["when"] == [{"field": "会社", "contains": "x"}]


def test_a_suppressed_address_shows_why_and_what_to_do(app_on_each_db: Flask, signed_in: Visitor, page: str) -> None:
    add(signed_in, page)
    with app_on_each_db.app_context():
        suppressions.suppress(BOB, "complaint")
    text = signed_in.get(page).text
    assert "gets no mail" in text
    assert "reported a mail as spam" in text


def test_one_is_removed_after_a_question(signed_in: Visitor, page: str, owner: dict[str, str]) -> None:
    recipient = add(signed_in, page)
    assert "<summary>Remove…</summary>" in signed_in.get(recipient).text
    assert send_form(signed_in, recipient, "/remove").headers["Location"] == f"{page}?done=recipient_removed"
    assert [item["email"] for item in stored(signed_in, page, owner)] == [OWNER]
    assert signed_in.get(recipient).status_code == 404


def test_the_21st_is_refused_on_the_page(signed_in: Visitor, page: str) -> None:
    for number in range(20):
        add(signed_in, page, f"r{number}@example.com")
    answer = send_form(signed_in, f"{page}/recipients/new", "/recipients/new", email=BOB)
    assert answer.status_code == 403
    assert "at most 20 recipients" in answer.text
    assert f'value="{BOB}"' in answer.text


def test_a_recipient_of_another_form_is_not_reached_by_this_one(
    app_on_each_db: Flask, signed_in: Visitor, page: str
) -> None:
    other = f"/console/forms/{make_form(app_on_each_db)}/notifications"
    recipient = add(signed_in, other).replace(other, page)
    token = {"csrf_token": signed_in.token(page)}
    assert signed_in.get(recipient).status_code == 404
    for action in ("", "/again", "/remove"):
        assert signed_in.post(f"{recipient}{action}", token).status_code == 404
    assert shown_values(signed_in, f"{page}/recipients/new", "/recipients/new")["email"] == ""


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 403), ("manager", 200), (None, 404)])
def test_only_managers_see_and_change_them(
    app_on_each_db: Flask, signed_in: Visitor, page: str, key_of: KeyOf, role: str | None, status: int
) -> None:
    form_id = page.split("/")[3]
    colleague = accounts.Member(app_on_each_db, "colleague@example.com")
    if role:
        with app_on_each_db.app_context():
            values = {"account_id": uuid.UUID(colleague.id), "email_index": email_index(colleague.email)}
            db.session.add(Member(form_id=form_id, role=role, status="active", **values))
            db.session.commit()
    visitor = Visitor(app_on_each_db)
    visitor.sign_in("colleague@example.com")
    token = {"csrf_token": visitor.token("/console")}
    for path in (
        page,
        f"{page}/recipients/new",
        f"/console/forms/{form_id}/webhooks",
        f"/console/forms/{form_id}/deliveries",
    ):
        assert visitor.get(path).status_code == status, path
    answer = visitor.post(f"{page}/recipients/new", {**token, "email": BOB})
    assert answer.status_code == (303 if status == 200 else status)
    assert (BOB in signed_in.get(page).text) == (status == 200)
