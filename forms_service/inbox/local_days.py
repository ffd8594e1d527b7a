"""Days and hours of a time zone, in SQL: a run of days with one UTC offset is one query."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Interval, cast, func, literal

from forms_service.extensions import db
from forms_service.submissions.models import Submission
from forms_service.validation.datetimes import start_of_day

LENGTH_TO_SECONDS = len("2026-03-01 23:59:59")
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


def constant_offset_runs(first: date, last: date, zone: tzinfo) -> Iterator[tuple[date, date]]:
    """Yield runs of days; a day whose UTC offset changes is a run of its own."""
    begin, day = first, first
    while day <= last:
        following = day + ONE_DAY
        if _offset(day, zone) != _offset(following, zone):
            if begin < day:
                yield begin, day - ONE_DAY
            yield day, day
            begin = following
        day = following
    if begin <= last:
        yield begin, last


def bounds(begin: date, end: date, zone: tzinfo) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return conditions for submissions of the days, the last one included."""
    since, until = day_limits(begin, end, zone)
    return Submission.created_at >= since, Submission.created_at < until


def day_limits(begin: date, end: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of the days, and the first one after them."""
    return _start(begin, zone), _start(end + ONE_DAY, zone)


def local_day(begin: date, zone: tzinfo) -> Any:
    """Return the expression for a submission's day, with the UTC offset that `begin` starts with."""
    if _is_sqlite():
        return func.date(_whole_seconds(), _shift(begin, zone))
    return func.date(_shifted(_shift(begin, zone)))


def constant_offset_spans(begin: date, end: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times of a run that have one UTC offset: before and after a change of the clocks."""
    since, until = day_limits(begin, end, zone)
    low, high = since, until
    if begin == end and _offset_at(low, zone) != _offset_at(high, zone):
        while high - low > ONE_SECOND:
            middle = low + (high - low) // 2
            low, high = (middle, high) if _offset_at(middle, zone) == _offset_at(since, zone) else (low, middle)
        change = high.replace(microsecond=0)
        yield since, change
        since = change
    yield since, until


def local_hour(since: datetime, zone: tzinfo) -> Any:
    """Return the expression for weekday and hour, such as `0 23`, with the UTC offset of `since`."""
    shift = _format_shift(_offset_at(since, zone))
    if _is_sqlite():
        return func.strftime("%w %H", _whole_seconds(), shift)
    return func.to_char(_shifted(shift), "D HH24")


def parse_hour(text: str) -> tuple[int, int]:
    """Return weekday (0 for Monday) and hour of a `local_hour`."""
    weekday, _, hour = text.partition(" ")
    # SQLite numbers days from 0 for Sunday, PostgreSQL from 1
    return (int(weekday) - (1 if _is_sqlite() else 2)) % 7, int(hour)


def _whole_seconds() -> Any:
    return func.substr(Submission.created_at, 1, LENGTH_TO_SECONDS)  # date() rounds fractions of a second up


def _shifted(shift: str) -> Any:
    return Submission.created_at + cast(literal(shift), Interval)


def _shift(begin: date, zone: tzinfo) -> str:
    return _format_shift(_offset(begin, zone))


def _format_shift(offset: timedelta) -> str:
    return f"{int(offset.total_seconds())} seconds"


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def _offset(day: date, zone: tzinfo) -> timedelta:
    return datetime.combine(day, time.min, zone).utcoffset() or timedelta()


def _offset_at(moment: datetime, zone: tzinfo) -> timedelta:
    try:
        return moment.astimezone(zone).utcoffset() or timedelta()
    except OverflowError:
        return timedelta()


def _start(day: date, zone: tzinfo) -> datetime:
    try:
        return start_of_day(day, zone)
    except ValueError:
        return datetime.combine(day, time.min, UTC)
