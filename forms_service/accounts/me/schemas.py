"""Own account schemas."""

from typing import Any

import marshmallow as ma

from forms_service.accounts.api_keys.schemas import KeyOf
from forms_service.accounts.models import ROLES, STATUSES
from forms_service.accounts.schemas import CurrentPassword
from forms_service.accounts.sessions.schemas import SessionKept
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email, Password, PersonName, Phone
from forms_service.validation.primitives import StrictBoolean
from forms_service.validation.timezones import TimezoneName


class Me(Schema):
    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True)
    first_name = ma.fields.String(required=True)
    last_name = ma.fields.String(required=True)
    phone = ma.fields.String(required=True, allow_none=True)
    role = ma.fields.String(required=True, metadata={"enum": list(ROLES)})
    status = ma.fields.String(required=True, metadata={"enum": list(STATUSES)})
    timezone = ma.fields.String(required=True, metadata={"description": "IANA time zone of times in the console."})
    shortcuts = ma.fields.Boolean(required=True, metadata={"description": "Whether single keys act in the console."})
    created_at = ma.fields.DateTime(required=True)
    confirmed_at = ma.fields.DateTime(required=True, allow_none=True)


class Profile(Schema):
    first_name = PersonName()
    last_name = PersonName()
    phone = Phone(allow_none=True)
    timezone = TimezoneName(metadata={"description": "IANA time zone of times in the console."})
    shortcuts = StrictBoolean(metadata={"description": "Whether single keys act in the console."})


class CurrentPasswordOnly(Schema):
    password = CurrentPassword(required=True)


class NewPassword(Schema):
    password = CurrentPassword(required=True, metadata={"description": "The current password."})
    new_password = Password(required=True, metadata={"examples": ["Correct-horse-8"]})


class NewEmail(Schema):
    password = CurrentPassword(required=True, metadata={"description": "The current password."})
    email = Email(required=True, metadata={"examples": ["ann@example.org"]})


class EventOf(Schema):
    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True, metadata={"examples": ["signed_in"]})
    at = ma.fields.DateTime(required=True)
    client = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "The client's address; null for a command."}
    )
    details = ma.fields.Dict(required=True, metadata={"description": "Ids and counts."})


class Document(Schema):
    account = ma.fields.Nested(Me, required=True)
    sessions = ma.fields.List(ma.fields.Nested(SessionKept), required=True)
    keys = ma.fields.List(ma.fields.Nested(KeyOf), required=True)
    events = ma.fields.List(ma.fields.Nested(EventOf), required=True)

    class Meta:
        """Other packages may add parts."""

        unknown = ma.INCLUDE

    @ma.post_dump(pass_original=True)
    def _add_parts(self, data: dict[str, Any], document: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**document, **data}
