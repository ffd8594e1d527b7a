"""An owner's forms, with what waits in each."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import false, func, select

from forms_service.accounts.guards import Caller
from forms_service.extensions import db
from forms_service.forms import service as forms
from forms_service.submissions.models import STATUSES, Submission
from forms_service.web.pagination import Page

Counts = Mapping[tuple[str, str], Any]


def list_forms(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """Return forms with `unread`, `spam` and `last_submission_at`, the newest form first."""
    page = forms.list_forms(caller, limit, cursor)
    counts = _count([form["id"] for form in page.items])
    return Page([form | _describe(form["id"], counts) for form in page.items], page.next)


def _count(form_ids: Sequence[str]) -> Counts:
    unread, newest = func.count().filter(Submission.read == false()), func.max(Submission.created_at)
    query = select(Submission.form_id, Submission.status, func.count(), unread, newest)
    # with all statuses named, the index alone answers
    query = query.where(Submission.form_id.in_(form_ids), Submission.status.in_(STATUSES))
    rows = db.session.execute(query.group_by(Submission.form_id, Submission.status))
    return {(row[0], row[1]): row for row in rows}


def _describe(form_id: str, counts: Counts) -> dict[str, Any]:
    inbox, spam = counts.get((form_id, "inbox")), counts.get((form_id, "spam"))
    times = [counts[form_id, status][4] for status in ("inbox", "archived") if (form_id, status) in counts]
    return {
        "unread": inbox[3] if inbox else 0,
        "spam": spam[2] if spam else 0,
        "last_submission_at": max(times, default=None),
    }
