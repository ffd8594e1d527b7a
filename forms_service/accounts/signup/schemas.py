"""What people say about themselves, and what they are told."""

import marshmallow as ma

from forms_service.accounts.schemas import Secret
from forms_service.validation.fields import Email, Password, PersonName, Phone
from forms_service.validation.schema import Schema


class Signup(Schema):
    """A person who wants an account."""

    email = Email(required=True, metadata={"examples": ["ann@example.com"]})
    first_name = PersonName(required=True, metadata={"examples": ["Ann"]})
    last_name = PersonName(required=True, metadata={"examples": ["Example"]})
    password = Password(required=True, metadata={"examples": ["Correct-horse-7"]})
    phone = Phone(allow_none=True, load_default=None, metadata={"examples": ["+49 170 1234567"]})


class SignedUp(Schema):
    """What a person who signed up is told: the same whether or not the address was taken."""

    email = ma.fields.String(required=True, metadata={"description": "The address as it was sent, trimmed."})
    status = ma.fields.String(
        required=True, metadata={"enum": ["pending", "active"], "description": "`pending` until confirmed by mail."}
    )


class Address(Schema):
    """An e-mail address that a mail is asked for."""

    email = Email(required=True, metadata={"examples": ["ann@example.com"]})


class MailToken(Schema):
    """What a link in a mail holds."""

    token = Secret(required=True)
