"""Dates and times as HTML and RFC 3339 write them, in digits of ASCII and with every part in range."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

_TIME = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:\.([0-9]{1,20}))?)?"
    r"(?:([Zz])|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))?"
)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
LAST_MINUTE = 23 * 60 + 59
"""Of a day in UTC: the only one that may have a leap second."""


def date_of(text: str) -> date:
    """`YYYY-MM-DD`.

    :raises ValueError: for anything else
    """
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ValueError("no date")
    return date(int(parts[1]), int(parts[2]), int(parts[3]))


def time_of(text: str) -> timedelta:
    """`HH:MM`, with seconds and an offset from UTC if wanted: the time of day where the clock hangs.

    :raises ValueError: for anything else
    """
    return _clock(text)[0]


def datetime_of(text: str) -> datetime:
    """A date, `T` or a space, and a time: the moment, in UTC where no offset is given.

    :raises ValueError: for anything else
    """
    if len(text) < 11 or text[10] not in "Tt ":
        raise ValueError("no date and time")
    time, offset = _clock(text[11:])
    day = date_of(text[:10])
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC if offset is None else timezone(offset))
    return moment + min(time, timedelta(days=1, microseconds=-1))


def _clock(text: str) -> tuple[timedelta, timedelta | None]:
    """The time of day, and the offset from UTC if there is one."""
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise ValueError("no time")
    hours, minutes, seconds, fraction, zulu, sign, offset_hours, offset_minutes = parts.groups()
    offset = timedelta(0) if zulu else None
    if sign:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes)) * (-1 if sign == "-" else 1)
    if seconds == "60" and not _may_leap(int(hours) * 60 + int(minutes), offset):
        raise ValueError("no leap second there")
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    time = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0), microseconds=microseconds)
    return time, offset


def _may_leap(minute: int, offset: timedelta | None) -> bool:
    return offset is not None and (minute - offset // timedelta(minutes=1)) % 1440 == LAST_MINUTE
