"""Dates and times of HTML and RFC 3339; parsers raise ValueError."""

import re
from datetime import MINYEAR, UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, ClassVar

from forms_service.validation.base import CodedField, Messages

_TIME = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:\.([0-9]{1,20}))?)?"
    r"(?:([Zz])|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?"
)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
LAST_MINUTE = 23 * 60 + 59
"""May have a leap second."""

LENGTH_OF_DAY = len("2026-11-24")
LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:[0-9]{2}\Z)")


def parse_date(text: str) -> date:
    """Parse `YYYY-MM-DD`."""
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ValueError("not a date")
    return date(int(parts[1]), int(parts[2]), int(parts[3]))


def parse_time(text: str) -> timedelta:
    """Parse local `HH:MM`, optionally with seconds and offset."""
    return _parse_clock(text)[0]


def parse_datetime(text: str) -> datetime:
    """Parse date, `T` or space, and time; UTC without offset."""
    if len(text) < 11 or text[10] not in "Tt ":
        raise ValueError("not a date and time")
    clock, offset = _parse_clock(text[11:])
    day = parse_date(text[:10])
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC if offset is None else timezone(offset))
    return midnight + min(clock, timedelta(days=1, microseconds=-1))


def _parse_clock(text: str) -> tuple[timedelta, timedelta | None]:
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise ValueError("not a time")
    hours, minutes, seconds, fraction, zulu, sign, offset_hours, offset_minutes = parts.groups()
    offset = timedelta(0) if zulu else None
    if sign:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes)) * (-1 if sign == "-" else 1)
    if seconds == "60" and not _may_leap(int(hours) * 60 + int(minutes), offset):
        raise ValueError("not a leap second")
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    clock = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0), microseconds=microseconds)
    return clock, offset


def _may_leap(minute: int, offset: timedelta | None) -> bool:
    return offset is not None and (minute - offset // timedelta(minutes=1)) % 1440 == LAST_MINUTE


class DateOrDateTime(CodedField):
    """Date-times are converted to UTC."""

    default_error_messages: Messages = {
        "invalid_datetime": "Must be a date such as 2026-11-24, or a date-time such as 2026-11-24T09:30:00Z."
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime | date:
        value = _restore_plus(value) if isinstance(value, str) else value
        try:
            return parse_date(value) if len(value) == LENGTH_OF_DAY else parse_utc(value)
        except (ValueError, TypeError):
            raise self.make_error("invalid_datetime") from None


def _restore_plus(text: str) -> str:
    # an unescaped query turns the plus of an offset into a space
    text = text.strip()
    return text[:LENGTH_OF_DAY] + LOST_PLUS.sub("+", text[LENGTH_OF_DAY:])


def parse_utc(text: str) -> datetime:
    try:
        return parse_datetime(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("year out of range") from error


def local_date(at: datetime, zone: tzinfo) -> date:
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.date()


def local_time(at: datetime, zone: tzinfo) -> datetime:
    """Return the first or last time there is where the zone's would be outside Python's years."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        is_first = at.year == MINYEAR
        return datetime.min.replace(tzinfo=zone) if is_first else datetime.max.replace(microsecond=0, tzinfo=zone)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Return UTC, or raise ValueError outside Python's years."""
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("year out of range") from error


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """Return UTC, or raise ValueError outside Python's years."""
    try:
        return start_of_day(day + timedelta(days=1), zone)
    except OverflowError as error:
        raise ValueError("year out of range") from error
