"""The subject of notifications, the automatic reply and the double opt-in in the console."""

from typing import Any

import pytest
from flask import Flask

from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.replies.models import ReplySwitch
from tests.support.console import Visitor
from tests.support.html_forms import send_form, shown_values
from tests.support.stored import OWNER, make_form

FIELDS = [{"name": "name", "type": "text", "label": "Your name"}, {"name": "email", "type": "email"}]


@pytest.fixture
def form_id(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    return make_form(app_on_each_db, OWNER, FIELDS)


@pytest.fixture
def page(form_id: str) -> str:
    return f"/console/forms/{form_id}/notifications"


def settings_of(visitor: Visitor, form_id: str, owner: dict[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = visitor.client.get(f"/api/forms/{form_id}", headers=owner).json["data"]["settings"]
    return settings


def test_a_subject_may_hold_the_placeholders_that_are_listed(
    signed_in: Visitor, form_id: str, page: str, owner: dict[str, str]
) -> None:
    text = signed_in.get(page).text
    for name in ("{name}", "{email}", "{reference}", "{form}"):
        assert f"<code>{name}</code>" in text
    assert send_form(signed_in, page, "/subject", subject="New: {name}").status_code == 303
    assert settings_of(signed_in, form_id, owner)["subject"] == "New: {name}"
    refused = send_form(signed_in, page, "/subject", subject="New: {nmae}")
    assert refused.status_code == 422
    assert 'id="subject-wrong">Unknown: {nmae}.' in refused.text
    assert 'value="New: {nmae}"' in refused.text
    assert send_form(signed_in, page, "/subject", subject="").status_code == 303
    assert settings_of(signed_in, form_id, owner)["subject"] is None


def test_the_reply_is_switched_on_with_its_text_and_off_again(
    signed_in: Visitor, form_id: str, page: str, owner: dict[str, str]
) -> None:
    assert "Switch the reply on" in signed_in.get(page).text
    texts = {"reply.text": "Hello {name},\r\nbye", "reply.copy": "true"}
    assert send_form(signed_in, page, "/reply", **texts).status_code == 303
    reply = settings_of(signed_in, form_id, owner)["reply"]
    assert (reply["text"], reply["copy"]) == ("Hello {name},\nbye", True)
    assert shown_values(signed_in, page, "/reply")["reply.copy"] == "true"
    assert send_form(signed_in, page, "/reply", **{"reply.copy": None}).status_code == 303
    assert settings_of(signed_in, form_id, owner)["reply"] == {**reply, "copy": False}
    assert send_form(signed_in, page, "/reply", action="off").status_code == 303
    assert settings_of(signed_in, form_id, owner)["reply"] is None


def test_faults_of_a_reply_stand_beside_it_and_leave_the_other_forms_alone(signed_in: Visitor, page: str) -> None:
    send_form(signed_in, page, "/subject", subject="Stored subject")
    refused = send_form(signed_in, page, "/reply", **{"reply.subject": " ", "reply.text": "Dear {nobody}"})
    assert refused.status_code == 422
    assert 'id="reply.subject-wrong">Must not be empty.' in refused.text
    assert 'value="Stored subject"' in refused.text
    assert "Dear {nobody}" in refused.text
    refused = send_form(signed_in, page, "/reply", **{"reply.text": "Dear {nobody}"})
    assert 'id="reply.text-wrong">Unknown: {nobody}.' in refused.text


def test_replies_that_a_surge_has_stopped_start_again_when_they_are_saved(
    app_on_each_db: Flask, signed_in: Visitor, form_id: str, page: str
) -> None:
    send_form(signed_in, page, "/reply")
    with app_on_each_db.app_context(), write_session():
        db.session.add(ReplySwitch(form_id=form_id))
        db.session.commit()
    text = signed_in.get(page).text
    assert ">stopped</span>" in text
    assert "they have been off since" in text
    assert "Save and send replies again" in text
    assert send_form(signed_in, page, "/reply").status_code == 303
    assert "they have been off since" not in signed_in.get(page).text


def test_double_opt_in_is_switched_on_and_off(
    signed_in: Visitor, form_id: str, page: str, owner: dict[str, str]
) -> None:
    assert send_form(signed_in, page, "/opt-in", **{"double_opt_in.subject": "Confirm {form}"}).status_code == 303
    assert settings_of(signed_in, form_id, owner)["double_opt_in"]["subject"] == "Confirm {form}"
    assert send_form(signed_in, page, "/opt-in", action="off").status_code == 303
    assert settings_of(signed_in, form_id, owner)["double_opt_in"] is False


def test_double_opt_in_needs_an_address_to_mail(
    app_on_each_db: Flask, signed_in: Visitor, owner: dict[str, str]
) -> None:
    page = f"/console/forms/{make_form(app_on_each_db, OWNER, FIELDS[:1])}/notifications"
    refused = send_form(signed_in, page, "/opt-in")
    assert refused.status_code == 422
    assert "Add a field of the type email to the form." in refused.text
