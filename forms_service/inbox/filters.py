"""Filters by status, time and read state."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import marshmallow as ma

from forms_service.submissions.models import STATUSES
from forms_service.validation.base import CodedField, Messages, Schema
from forms_service.validation.datetimes import DateOrDateTime, end_of_day, start_of_day
from forms_service.validation.primitives import StrictBoolean
from forms_service.validation.timezones import Timezone


class Statuses(CodedField):
    """Separated by commas, in a JSON list, or repeated."""

    is_multiple = True
    default_error_messages: Messages = {
        "not_a_choice": f"Must be one or more of {', '.join(STATUSES)}, separated by commas."
    }
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "examples": ["inbox,archived"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise self.make_error("not_a_choice")
        statuses = [status.strip() for text in texts for status in text.split(",")]
        if not set(statuses) <= set(STATUSES):
            raise self.make_error("not_a_choice")
        return tuple(status for status in STATUSES if status in statuses)


class QueryBoolean(StrictBoolean):
    json_schema: ClassVar[dict[str, Any]] = {"type": "boolean"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return super()._deserialize({"true": True, "false": False}.get(str(value), value), attr, data, **kwargs)


class Filters(Schema):
    status = Statuses(
        metadata={
            "default": "inbox",
            "description": f"One or more of {', '.join(f'`{status}`' for status in STATUSES)}, by comma or repeated.",
        }
    )
    since = DateOrDateTime(metadata={"description": "Only submissions from then on: a date-time (RFC 3339) or a date."})
    until = DateOrDateTime(
        metadata={"description": "Only submissions before that date-time, or until the end of that date."}
    )
    timezone = Timezone(
        metadata={
            "default": "UTC",
            "description": "IANA time zone of dates in `since` and `until`, and of times in CSV and XLSX.",
        }
    )
    unread = QueryBoolean(metadata={"description": "`true` for unread only, `false` for read only; both by default."})

    @ma.post_load
    def _convert_days(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        zone = values.get("timezone", UTC)
        for name, convert in (("since", start_of_day), ("until", end_of_day)):
            if name in values and not isinstance(values[name], datetime):
                try:
                    values[name] = convert(values[name], zone)
                except ValueError as error:
                    raise ma.ValidationError([DateOrDateTime().field_error("invalid_datetime")], name) from error
        return values
