"""A form's submissions for the terminal."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from forms_service.accounts import audit
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.administration import NO_FORM_ID
from forms_service.forms.models import Form
from forms_service.submissions.counts import count_left_out
from forms_service.submissions.queries import Filter, batches

WITHOUT_SPAM = ("inbox", "archived", "unconfirmed")

ListedSubmission = tuple[str, str, str, str, str]
"""Id, time, status, read or unread, values."""


def list_all(form_id: str, statuses: Sequence[str]) -> Iterator[ListedSubmission]:
    """Yield submissions, newest first, with an audit record."""
    if db.session.scalar(select(Form.id).where(Form.id == form_id, Form.deleted_at.is_(None))) is None:
        raise NotFoundError(NO_FORM_ID)
    audit.note("submissions_listed")
    for batch in batches(form_id, _criteria(statuses)):
        for submission in batch:
            created = submission.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
            yield (
                str(submission.id),
                created,
                submission.status,
                "read" if submission.read else "unread",
                submission.data,
            )


def count_unlisted(form_id: str, statuses: Sequence[str]) -> dict[str, int]:
    """Count omitted submissions by status."""
    return count_left_out(form_id, _criteria(statuses))


def _criteria(statuses: Sequence[str]) -> Filter:
    return Filter(status=tuple(statuses) or WITHOUT_SPAM)
