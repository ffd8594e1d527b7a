"""The forms that somebody sees, with what waits in each."""

from collections.abc import Mapping, Sequence
from datetime import timedelta, tzinfo
from typing import Any

from sqlalchemy import exists, false, func, select

from forms_service.accounts.guards import Caller
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.inbox.answers import GENUINE
from forms_service.inbox.local_days import bounds, local_day
from forms_service.submissions.models import STATUSES, Submission
from forms_service.web.pagination import Page

Counts = Mapping[tuple[str, str], Any]
DAYS = 30
"""Of the sparkline, today included."""


def list_forms(caller: Caller, limit: int, cursor: str | None, zone: tzinfo) -> Page[dict[str, Any]]:
    """Return forms with `unread`, `spam`, `last_submission_at` and `days`, the newest form first.

    `days` are the submissions of each of the last DAYS days, without spam.
    """
    page = forms.list_forms(caller, limit, cursor)
    form_ids = [form["id"] for form in page.items]
    counts, days = _count(form_ids), _count_days(form_ids, zone)
    return Page([form | _describe(form["id"], counts) | {"days": days[form["id"]]} for form in page.items], page.next)


def has_submissions(form_id: str, caller: Caller) -> bool:
    """Whether a form that the caller may see has any, of whatever status."""
    access.find_form(form_id, caller)
    return bool(db.session.scalar(select(exists().where(Submission.form_id == form_id))))


def _count(form_ids: Sequence[str]) -> Counts:
    unread, newest = func.count().filter(Submission.read == false()), func.max(Submission.created_at)
    query = select(Submission.form_id, Submission.status, func.count(), unread, newest)
    # with all statuses named, the index alone answers
    query = query.where(Submission.form_id.in_(form_ids), Submission.status.in_(STATUSES))
    rows = db.session.execute(query.group_by(Submission.form_id, Submission.status))
    return {(row[0], row[1]): row for row in rows}


def _count_days(form_ids: Sequence[str], zone: tzinfo) -> dict[str, list[int]]:
    today = now().astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    days = {str(first + timedelta(days=number)): number for number in range(DAYS)}
    counts = {form_id: [0] * DAYS for form_id in form_ids}
    day = local_day(today, zone)  # with today's UTC offset: a drawing, no statistics
    query = select(Submission.form_id, day, func.count()).where(
        Submission.form_id.in_(form_ids), Submission.status.in_(GENUINE), *bounds(first, today, zone)
    )
    for form_id, at, count in db.session.execute(query.group_by(Submission.form_id, day)):
        if str(at) in days:
            counts[form_id][days[str(at)]] = count
    return counts


def _describe(form_id: str, counts: Counts) -> dict[str, Any]:
    inbox, spam = counts.get((form_id, "inbox")), counts.get((form_id, "spam"))
    times = [counts[form_id, status][4] for status in GENUINE if (form_id, status) in counts]
    return {
        "unread": inbox[3] if inbox else 0,
        "spam": spam[2] if spam else 0,
        "last_submission_at": max(times, default=None),
    }
