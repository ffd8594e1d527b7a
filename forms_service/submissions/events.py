"""Events of a submission, and the outbox rows that listeners add in its own commit."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import select

from forms_service.database.transactions import on_commit
from forms_service.delivery import outbox
from forms_service.encryption.compiled_sql import Row
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import SubmissionRow, fetch

CREATED = "submission.created"
CONFIRMED = "submission.confirmed"
MARKED_SPAM = "submission.marked_spam"
DELETED = "submission.deleted"
WITHDRAWN = "submission.withdrawn"

EVENTS = (CREATED, CONFIRMED, MARKED_SPAM, DELETED, WITHDRAWN)


class SubmissionEvent(NamedTuple):
    """Something that happened to a submission; `data` is for conditions."""

    type: str
    form: PublishedForm
    submission_id: uuid.UUID
    data: Mapping[str, Any]
    control: Mapping[str, Any]


class Listener(Protocol):
    """Adds outbox rows for events of a form; registered by `forms.cache.register_listeners`."""

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        """Return rows for `outbox.insert_rows`, without a query: this is the hot path."""


def outbox_rows(event: SubmissionEvent) -> list[Row]:
    """Return what the form's listeners send about an event."""
    return [row for listener in cast("Sequence[Listener]", event.form.listeners) for row in listener.rows(event)]


def enqueue(event_type: str, form: PublishedForm, submission_ids: Collection[uuid.UUID]) -> None:
    """Enqueue what is sent about an event of stored submissions; the caller commits."""
    left = set(submission_ids) if form.listeners else set()
    while left:
        submissions = fetch(select(Submission.id).where(Submission.id.in_(left)))
        if not submissions:
            return
        rows = [
            row for submission in reversed(submissions) for row in outbox_rows(_event(event_type, form, submission))
        ]
        if rows:
            outbox.insert_rows(db.session.connection(), rows)
            on_commit(outbox.wake_worker)
        left -= {submission.id for submission in submissions}


def _event(event_type: str, form: PublishedForm, submission: SubmissionRow) -> SubmissionEvent:
    data, control = json.loads(submission.data), json.loads(submission.control or "{}")
    return SubmissionEvent(event_type, form, submission.id, data, control)
