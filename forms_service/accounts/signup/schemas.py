"""Schemas of sign-up."""

from typing import Any

import marshmallow as ma

from forms_service.accounts.schemas import Checkbox, CurrentPassword, TokenField
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email, Password, PersonName, Phone


class Signup(Schema):
    email = Email(required=True, metadata={"examples": ["ann@example.com"]})
    first_name = PersonName(required=True, metadata={"examples": ["Ann"]})
    last_name = PersonName(required=True, metadata={"examples": ["Example"]})
    password = Password(required=True, metadata={"examples": ["Correct-horse-7"]})
    phone = Phone(allow_none=True, load_default=None, metadata={"examples": ["+49 170 1234567"]})


class SignedUp(Schema):
    """Is the same for a taken address."""

    email = ma.fields.String(required=True, metadata={"description": "The address as sent, trimmed."})
    status = ma.fields.String(
        required=True, metadata={"enum": ["pending", "active"], "description": "`pending` until confirmed by mail."}
    )


class Confirmation(Schema):
    token = TokenField(required=True)
    password = CurrentPassword(required=True, metadata={"examples": ["Correct-horse-7"]})
    replace = Checkbox(
        load_default=False, metadata={"description": "Replace the password chosen at sign-up with `password`."}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_new(self, data: dict[str, Any], **_: Any) -> None:
        if data["replace"]:
            try:
                Password().deserialize(data["password"])
            except ma.ValidationError as error:
                raise ma.ValidationError(error.messages, "password") from error


class Address(Schema):
    email = Email(required=True, metadata={"examples": ["ann@example.com"]})


class MailToken(Schema):
    token = TokenField(required=True)
