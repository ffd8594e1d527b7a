"""The settings of mails to people."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.replies.conftest import MakeContact
from tests.support.people import OPT_IN, REPLY

LONG = "x" * 10_001


@pytest.fixture
def patch(client_on_each_db: FlaskClient, make_contact: MakeContact, owner: dict[str, str]) -> Any:
    form_id = make_contact(reply=REPLY, double_opt_in=OPT_IN)
    return lambda **body: client_on_each_db.patch(f"/api/forms/{form_id}", json=body, headers=owner)


def test_they_are_returned_as_saved(patch: Any) -> None:
    settings = patch(name="Contact").json["data"]["settings"]
    assert settings["reply"] == {**REPLY, "copy": False}
    assert settings["double_opt_in"] == OPT_IN


def test_a_patch_is_merged(patch: Any) -> None:
    settings = patch(settings={"reply": {"copy": True}, "double_opt_in": {"subject": "Really?"}}).json["data"][
        "settings"
    ]
    assert settings["reply"] == {**REPLY, "copy": True}
    assert settings["double_opt_in"] == {**OPT_IN, "subject": "Really?"}


def test_they_are_switched_off(patch: Any) -> None:
    settings = patch(settings={"reply": None, "double_opt_in": False}).json["data"]["settings"]
    assert (settings["reply"], settings["double_opt_in"]) == (None, False)


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"reply": {"text": "Dear {nobody}"}}, "settings.reply.text", "unknown_name"),
        ({"reply": {"subject": "{link}"}}, "settings.reply.subject", "unknown_name"),
        ({"reply": {"text": LONG}}, "settings.reply.text", "too_long"),
        ({"reply": {"subject": "a\nBcc: b@c.de"}}, "settings.reply.subject", "control_characters"),
        ({"reply": {"copy": "yes"}}, "settings.reply.copy", "invalid"),
        ({"reply": {"cc": "x"}}, "settings.reply.cc", "unknown"),
        ({"double_opt_in": {"text": "{nobody}"}}, "settings.double_opt_in.text", "unknown_name"),
        ({"double_opt_in": {"subject": ""}}, "settings.double_opt_in.subject", "blank"),
        ({"double_opt_in": True}, "settings.double_opt_in", "invalid_type"),
    ],
)
def test_a_fault_is_named(patch: Any, settings: dict[str, Any], path: str, code: str) -> None:
    response = patch(settings=settings)
    assert response.status_code == 422
    assert response.json["codes"].get(path) == [code], response.json["codes"]


def test_half_a_reply_is_refused_where_there_was_none(patch: Any) -> None:
    patch(settings={"reply": None, "double_opt_in": False})
    response = patch(settings={"reply": {"text": "Hello"}, "double_opt_in": {"text": "Hello"}})
    assert response.status_code == 422
    assert response.json["codes"] == {
        "settings.reply.subject": ["required"],
        "settings.double_opt_in.subject": ["required"],
    }


def test_a_field_that_a_text_names_cannot_go(patch: Any) -> None:
    response = patch(fields=[{"name": "email", "type": "email"}])
    assert response.status_code == 422
    assert response.json["codes"] == {"settings.reply.text": ["unknown_name"]}


def test_a_double_opt_in_needs_an_address(patch: Any) -> None:
    response = patch(fields=[{"name": "name", "type": "text"}])
    assert response.json["codes"] == {"settings.double_opt_in": ["no_email_field"]}


def test_a_form_that_takes_any_fields_may_name_any(patch: Any) -> None:
    response = patch(fields=[], settings={"reply": {"text": "Dear {anybody}"}})
    assert response.status_code == 200
