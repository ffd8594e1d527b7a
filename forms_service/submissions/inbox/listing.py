"""A form's submissions for a terminal."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from forms_service.accounts import audit
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.submissions.inbox.selecting import Filter, batches

WITHOUT_SPAM = ("inbox", "archived", "unconfirmed")

Listed = tuple[str, str, str, str, str]
"""Id, time, status, read or unread, values."""


def everything_of(form_id: str, statuses: Sequence[str]) -> Iterator[Listed]:
    """All submissions with one of the statuses, the newest first; the trail says that they were listed.

    :raises NotFoundError: where there is no such form
    """
    if db.session.scalar(select(Form.id).where(Form.id == form_id, Form.deleted_at.is_(None))) is None:
        raise NotFoundError("There is no form with this id. See: flask forms list")
    audit.note("submissions_listed")
    for batch in batches(form_id, Filter(status=tuple(statuses) or WITHOUT_SPAM)):
        for found in batch:
            sent = found.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
            yield str(found.id), sent, found.status, "read" if found.read else "unread", found.data
