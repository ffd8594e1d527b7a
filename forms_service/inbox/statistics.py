"""A form's submissions, counted in total and by day."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Interval, Select, cast, false, func, literal, select

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.database.types import now
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.submissions.models import STATUSES, Submission
from forms_service.submissions.queries import of_form
from forms_service.submissions.refusals import refusals_by_reason
from forms_service.submissions.storage_quota import bytes_of_form
from forms_service.validation.datetimes import start_of_day

DEFAULT_DAYS = 30
MAX_DAYS = 366
LENGTH_TO_SECONDS = len("2026-03-01 23:59:59")
ONE_DAY = timedelta(days=1)
LAST_DAY = date.max - ONE_DAY


def stats(
    form_id: str, caller: Caller, *, timezone: tzinfo = UTC, since: date | None = None, until: date | None = None
) -> dict[str, Any]:
    """Count by status and day, `since` and `until` included.

    :raises ValidationError: unless 1 to MAX_DAYS days
    """
    access.find_form(form_id, caller)
    last = min(until or now().astimezone(timezone).date(), LAST_DAY)
    first = since or last - timedelta(days=min(DEFAULT_DAYS - 1, last.toordinal() - 1))
    if not 0 <= (last - first).days < MAX_DAYS:
        raise ValidationError({"since": [FieldError(f"Must span 1 to {MAX_DAYS} days.", "out_of_range")]})
    by_status, unread = _totals(form_id)
    return {
        "total": by_status.total(),
        "unread": unread,
        "by_status": {status: by_status[status] for status in STATUSES},
        "by_day": list(_days(form_id, first, last, timezone)),
        "refusals": refusals_by_reason(form_id, first, last),
        "storage": {"bytes": bytes_of_form(form_id), "quota": settings.form_storage or None},
    }


def _totals(form_id: str) -> tuple[Counter[str], int]:
    unread = func.count().filter(Submission.read == false())
    query = select(Submission.status, func.count(), unread).where(*of_form(form_id)).group_by(Submission.status)
    rows = db.session.execute(query).all()
    return Counter({status: count for status, count, _ in rows}), sum(row[2] for row in rows if row[0] == "inbox")


def _days(form_id: str, first: date, last: date, zone: tzinfo) -> Iterator[dict[str, Any]]:
    counts: Counter[tuple[date, str]] = Counter()
    for begin, end in _constant_offset_runs(first, last, zone):
        for at, status, count in db.session.execute(_count_by_day(form_id, begin, end, zone)):
            # the UTC offset changes on this day: count the run as one day
            day = date.fromisoformat(str(at)) if begin < end else begin
            counts[day, status] += count
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield {"day": str(day), **{status: counts[day, status] for status in STATUSES}}


def _constant_offset_runs(first: date, last: date, zone: tzinfo) -> Iterator[tuple[date, date]]:
    # a day whose UTC offset changes is a run of its own
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


def _count_by_day(form_id: str, begin: date, end: date, zone: tzinfo) -> Select[Any]:
    shift = f"{int(_offset(begin, zone).total_seconds())} seconds"
    if db.engine.dialect.name == "sqlite":
        whole_seconds = func.substr(
            Submission.created_at, 1, LENGTH_TO_SECONDS
        )  # date() rounds fractions of a second up
        day = func.date(whole_seconds, shift)
    else:
        day = func.date(Submission.created_at + cast(literal(shift), Interval))
    bounds = (Submission.created_at >= _start(begin, zone), Submission.created_at < _start(end + ONE_DAY, zone))
    query = select(day, Submission.status, func.count()).where(*of_form(form_id), *bounds)
    return query.group_by(day, Submission.status)


def _offset(day: date, zone: tzinfo) -> timedelta:
    return datetime.combine(day, time.min, zone).utcoffset() or timedelta()


def _start(day: date, zone: tzinfo) -> datetime:
    try:
        return start_of_day(day, zone)
    except ValueError:
        return datetime.combine(day, time.min, UTC)
