"""A form's submissions, counted in total, by day, by hour and by answer."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, timedelta, tzinfo
from itertools import chain
from typing import Any

from sqlalchemy import Select, false, func, select

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.database.types import now
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.models import FormVersion
from forms_service.inbox.answers import GENUINE, count_answers
from forms_service.inbox.local_days import (
    ONE_DAY,
    bounds,
    constant_offset_runs,
    constant_offset_spans,
    day_limits,
    local_day,
    local_hour,
    parse_hour,
)
from forms_service.submissions.models import STATUSES, Submission
from forms_service.submissions.queries import of_form
from forms_service.submissions.refusals import refusals_by_reason
from forms_service.submissions.storage_quota import bytes_of_form

DEFAULT_DAYS = 30
MAX_DAYS = 366
LAST_DAY = date.max - ONE_DAY


def stats(
    form_id: str, caller: Caller, *, timezone: tzinfo = UTC, since: date | None = None, until: date | None = None
) -> dict[str, Any]:
    """Count by status and day, `since` and `until` included.

    :raises ValidationError: unless 1 to MAX_DAYS days
    """
    form = access.find_form(form_id, caller)
    fields = db.session.get_one(FormVersion, (form_id, form.version)).fields
    last = min(until or now().astimezone(timezone).date(), LAST_DAY)
    first = since or last - timedelta(days=min(DEFAULT_DAYS - 1, last.toordinal() - 1))
    if not 0 <= (last - first).days < MAX_DAYS:
        raise ValidationError({"since": [FieldError(f"Must span 1 to {MAX_DAYS} days.", "out_of_range")]})
    by_status, unread = _totals(form_id)
    weekdays, hours = _count_by_hour(form_id, first, last, timezone)
    return {
        "total": by_status.total(),
        "unread": unread,
        "by_status": {status: by_status[status] for status in STATUSES},
        "by_day": list(_days(form_id, first, last, timezone)),
        "by_weekday": weekdays,
        "by_hour": hours,
        "refusals": refusals_by_reason(form_id, first, last),
        "storage": {"bytes": bytes_of_form(form_id), "quota": settings.form_storage or None},
        "answers": count_answers(form_id, fields, *day_limits(first, last, timezone)),
    }


def _totals(form_id: str) -> tuple[Counter[str], int]:
    unread = func.count().filter(Submission.read == false())
    query = select(Submission.status, func.count(), unread).where(*of_form(form_id)).group_by(Submission.status)
    rows = db.session.execute(query).all()
    return Counter({status: count for status, count, _ in rows}), sum(row[2] for row in rows if row[0] == "inbox")


def _days(form_id: str, first: date, last: date, zone: tzinfo) -> Iterator[dict[str, Any]]:
    counts: Counter[tuple[date, str]] = Counter()
    for begin, end in constant_offset_runs(first, last, zone):
        for at, status, count in db.session.execute(_count_by_day(form_id, begin, end, zone)):
            # the UTC offset changes on this day: count the run as one day
            day = date.fromisoformat(str(at)) if begin < end else begin
            counts[day, status] += count
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield {"day": str(day), **{status: counts[day, status] for status in STATUSES}}


def _count_by_hour(form_id: str, first: date, last: date, zone: tzinfo) -> tuple[list[int], list[int]]:
    weekdays, hours = [0] * 7, [0] * 24
    runs = constant_offset_runs(first, last, zone)
    for since, until in chain.from_iterable(constant_offset_spans(*run, zone) for run in runs):
        moment, is_then = local_hour(since, zone), (Submission.created_at >= since, Submission.created_at < until)
        query = select(moment, func.count()).where(Submission.form_id == form_id, Submission.status.in_(GENUINE))
        for text, count in db.session.execute(query.where(*is_then).group_by(moment)):
            weekday, hour = parse_hour(text)
            weekdays[weekday] += count
            hours[hour] += count
    return weekdays, hours


def _count_by_day(form_id: str, begin: date, end: date, zone: tzinfo) -> Select[Any]:
    day = local_day(begin, zone)
    query = select(day, Submission.status, func.count()).where(*of_form(form_id), *bounds(begin, end, zone))
    return query.group_by(day, Submission.status)
