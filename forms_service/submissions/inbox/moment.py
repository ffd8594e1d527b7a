"""Moments and days in queries and cursors."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, ClassVar

from forms_service.validation.moments import date_of, datetime_of
from forms_service.validation.schema import Coded, Messages

LENGTH_OF_DAY = len("2026-11-24")
LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:[0-9]{2}\Z)")


class Moment(Coded):
    """A moment as RFC 3339 writes it, kept in UTC, or a day; a moment without an offset is meant in UTC."""

    default_error_messages: Messages = {
        "invalid_datetime": "Write a day such as 2026-11-24, or a moment such as 2026-11-24T09:30:00Z."
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime | date:
        value = _as_meant(value) if isinstance(value, str) else value
        try:
            return date_of(value) if len(value) == LENGTH_OF_DAY else moment(value)
        except (ValueError, TypeError):
            raise self.make_error("invalid_datetime") from None


def _as_meant(text: str) -> str:
    """Return what was written, with the plus of an offset, which is a blank in a query that does not escape it."""
    text = text.strip()
    return text[:LENGTH_OF_DAY] + LOST_PLUS.sub("+", text[LENGTH_OF_DAY:])


def moment(text: str) -> datetime:
    """The moment that was written, in UTC.

    :raises ValueError: for anything else
    """
    try:
        return datetime_of(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("before the first year or after the last") from error


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day that a moment is in; the first or last that there is where a time zone would lead beyond."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a time zone, in UTC.

    :raises ValueError: where that is before the first year or after the last
    """
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("before the first year or after the last") from error


def end_of(day: date, zone: tzinfo) -> datetime:
    """The first moment after a day in a time zone, in UTC.

    :raises ValueError: where that is before the first year or after the last
    """
    try:
        return start_of(day + timedelta(days=1), zone)
    except OverflowError as error:
        raise ValueError("after the last year") from error
