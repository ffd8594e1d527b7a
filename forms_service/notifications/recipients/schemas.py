"""Schemas of recipients."""

from typing import Any

import marshmallow as ma

from forms_service.form_schema.conditions import ConditionList
from forms_service.notifications.recipients.models import CONTENTS, FILES, FREQUENCIES, STATUSES, WEEKDAYS
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email
from forms_service.validation.primitives import BoundedInteger, OneOf
from forms_service.validation.timezones import TimezoneName

MAX_HOUR = 23


class Conditions(ConditionList):
    """Conditions, dumped unchanged."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class RecipientChanges(Schema):
    """Content and times of the mails to a recipient."""

    frequency = OneOf(FREQUENCIES, metadata={"description": "`instant`: a mail for each submission; else a digest."})
    hour = BoundedInteger(0, MAX_HOUR, metadata={"description": "Of daily and weekly digests, in the time zone."})
    weekday = OneOf(WEEKDAYS, metadata={"description": "Of weekly digests."})
    timezone = TimezoneName(metadata={"description": "IANA time zone of digests and of times in mails."})
    content = OneOf(
        CONTENTS, metadata={"description": "`none` says only that something came, `summary` is short, `full` is all."}
    )
    files = OneOf(
        FILES, metadata={"description": "`link`: URLs. `attach`: attached, up to 5 MiB in all. `none`: left out."}
    )
    when = Conditions(
        metadata={
            "description": "Conditions on the answers, all of which must hold; null for every submission.",
            "examples": [[{"field": "topic", "is": "Sales"}]],
        }
    )


class NewRecipient(RecipientChanges):
    """A recipient to add."""

    email = Email(required=True, metadata={"examples": ["sales@example.com"]})


class Recipient(Schema):
    """An address that gets mail about the submissions of a form."""

    id = ma.fields.UUID(required=True)
    form_id = ma.fields.String(required=True)
    email = Email(required=True)
    is_owner = ma.fields.Boolean(
        required=True, metadata={"description": "The form's owner; `email` follows the account."}
    )
    status = OneOf(
        (*STATUSES, "suppressed"),
        required=True,
        metadata={
            "description": "`pending` until the address is confirmed. `suppressed`: the mailbox refused mail, its "
            "reader complained, or the operator stopped it."
        },
    )
    suppressed_reason = ma.fields.String(required=True, allow_none=True)
    suppressed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    frequency = OneOf(FREQUENCIES, required=True)
    hour = BoundedInteger(0, MAX_HOUR, required=True)
    weekday = OneOf(WEEKDAYS, required=True)
    timezone = ma.fields.String(required=True)
    content = OneOf(CONTENTS, required=True)
    files = OneOf(FILES, required=True)
    when = Conditions(required=True)
    next_digest_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    confirmed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    unreadable = ma.fields.Boolean(
        metadata={"const": True, "description": "Its address or conditions cannot be decrypted and are shown empty."}
    )
