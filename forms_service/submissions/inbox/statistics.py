"""How many submissions a form has had: in all, and by day."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import false, func, select

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.database import now
from forms_service.errors import Fault, ValidationError
from forms_service.extensions import db
from forms_service.forms.service import owned
from forms_service.submissions.inbox.selecting import everything
from forms_service.submissions.models import STATUSES, Submission
from forms_service.submissions.refusals import refusals_by_reason
from forms_service.submissions.taking.storage_quota import bytes_of_form

USUAL_DAYS = 30
MOST_DAYS = 366


def stats(
    form_id: str, caller: Caller, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Counts of a form's submissions by status, and for each day (UTC) from `since` to `until`, both included.

    :raises NotFoundError: for another's form, as for none
    :raises ValidationError: for more than MOST_DAYS days, or none
    """
    owned(form_id, caller)
    last = min((until or now()).date(), date.max - timedelta(days=1))
    first = since.date() if since else last - timedelta(days=min(USUAL_DAYS - 1, last.toordinal() - 1))
    if not 0 <= (last - first).days < MOST_DAYS:
        raise ValidationError({"since": [Fault(f"Ask for 1 to {MOST_DAYS} days.", "out_of_range")]})
    by_status, unread = _totals(form_id)
    return {
        "total": by_status.total(),
        "unread": unread,
        "by_status": {status: by_status[status] for status in STATUSES},
        "by_day": list(_days(form_id, first, last)),
        "refusals": refusals_by_reason(form_id, first, last),
        "storage": {"bytes": bytes_of_form(form_id), "quota": settings.form_storage or None},
    }


def _totals(form_id: str) -> tuple[Counter[str], int]:
    """How many there are of each status, and how many of the inbox are unread."""
    unread = func.count().filter(Submission.read == false())
    query = select(Submission.status, func.count(), unread).where(*everything(form_id)).group_by(Submission.status)
    rows = db.session.execute(query).all()
    return Counter({status: count for status, count, _ in rows}), sum(row[2] for row in rows if row[0] == "inbox")


def _days(form_id: str, first: date, last: date) -> Iterator[dict[str, Any]]:
    day = func.date(Submission.created_at)  # in UTC: so it is stored, and so PostgreSQL is told to reckon
    sent = (Submission.created_at >= _midnight(first), Submission.created_at < _midnight(last) + timedelta(days=1))
    query = select(day, Submission.status, func.count()).where(*everything(form_id), *sent)
    rows = db.session.execute(query.group_by(day, Submission.status))
    counts = {(str(at), status): count for at, status, count in rows}
    for number in range((last - first).days + 1):
        at = str(first + timedelta(days=number))
        yield {"day": at, **{status: counts.get((at, status), 0) for status in STATUSES}}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
