"""Schemas of statistics."""

from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

from forms_service.validation.base import Schema
from forms_service.validation.datetimes import DateOrDateTime, local_date
from forms_service.validation.timezones import Timezone


class StatsQuery(Schema):
    """The days to count."""

    since = DateOrDateTime(metadata={"description": "First day, or a date-time on it; by default the last 30 days."})
    until = DateOrDateTime(metadata={"description": "Last day, or a date-time on it; by default today."})
    timezone = Timezone(
        metadata={
            "default": "UTC",
            "description": "IANA time zone of the days; refusals are always counted by days in UTC.",
        }
    )

    @ma.post_load
    def _convert_datetimes(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        zone = values.setdefault("timezone", UTC)
        for name in ("since", "until"):
            if isinstance(values.get(name), datetime):
                values[name] = local_date(values[name], zone)
        return values


class Counts(Schema):
    inbox = ma.fields.Integer(required=True)
    spam = ma.fields.Integer(required=True)
    archived = ma.fields.Integer(required=True)
    unconfirmed = ma.fields.Integer(required=True)


class DayCounts(Counts):
    day = ma.fields.String(required=True, metadata={"format": "date"})


class Refusals(Schema):
    origin = ma.fields.Integer(required=True, metadata={"description": "Origin not in allowed_origins."})
    origin_null = ma.fields.Integer(
        required=True, metadata={"description": "Origin `null`, as sent with Referrer-Policy no-referrer."}
    )
    challenge = ma.fields.Integer(required=True, metadata={"description": "CAPTCHA missing or failed."})
    invalid = ma.fields.Integer(required=True, metadata={"description": "Invalid fields or unreadable body."})
    too_large = ma.fields.Integer(required=True, metadata={"description": "Too many bytes, fields or files."})
    limited = ma.fields.Integer(required=True, metadata={"description": "Rate limited."})
    closed = ma.fields.Integer(required=True, metadata={"description": "The form was closed or full."})


class Storage(Schema):
    bytes = ma.fields.Integer(required=True)
    quota = ma.fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "In bytes; further files are refused. Null means no quota."},
    )


class Answer(Schema):
    value = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class FieldAnswers(Schema):
    name = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    choices = ma.fields.List(ma.fields.Nested(Answer), required=True)
    other = ma.fields.Integer(
        required=True, metadata={"description": "Submissions with a value that is no choice of the current version."}
    )


class Answers(Schema):
    fields = ma.fields.List(  # type: ignore[assignment]  # marshmallow takes it off the class
        ma.fields.Nested(FieldAnswers),
        required=True,
        metadata={"description": "Each field with choices, each checkbox and each consent."},
    )
    counted = ma.fields.Integer(required=True, metadata={"description": "Submissions counted, the newest first."})
    complete = ma.fields.Boolean(
        required=True, metadata={"description": "False if counting stopped after half a second: values are encrypted."}
    )


class Stats(Schema):
    total = ma.fields.Integer(required=True)
    unread = ma.fields.Integer(required=True, metadata={"description": "Unread submissions in the inbox."})
    by_status = ma.fields.Nested(Counts, required=True)
    by_day = ma.fields.List(ma.fields.Nested(DayCounts), required=True)
    by_weekday = ma.fields.List(
        ma.fields.Integer(),
        required=True,
        metadata={"description": "Monday to Sunday, in `timezone`; inbox and archive."},
    )
    by_hour = ma.fields.List(
        ma.fields.Integer(), required=True, metadata={"description": "The 24 hours of the day; likewise."}
    )
    refusals = ma.fields.Nested(
        Refusals, required=True, metadata={"description": "Submissions refused on these days, by reason."}
    )
    storage = ma.fields.Nested(Storage, required=True)
    answers = ma.fields.Nested(
        Answers, required=True, metadata={"description": "Answers to choice fields on these days; inbox and archive."}
    )
