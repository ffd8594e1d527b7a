"""Events of a submission, and the outbox rows that listeners add in its own commit."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import select

from forms_service.database.transactions import on_commit
from forms_service.delivery import outbox
from forms_service.encryption.compiled_sql import Row
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm, get_published_form
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
    by_webhook: bool = False
    """The submission came by a webhook, and calls none: a form that posts to itself would never end."""


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


def enqueue_for_form(event_type: str, form_id: str, submission_ids: Collection[uuid.UUID]) -> None:
    """Like `enqueue`; nothing for a form that cannot be decrypted, which must not stop an erasure."""
    with suppress(NotFoundError, ServiceUnavailableError):
        enqueue(event_type, get_published_form(form_id), submission_ids)


def enqueue_deleted(submission_ids: Collection[uuid.UUID]) -> None:
    """Enqueue that submissions are about to be deleted, but for those that nothing was ever sent about."""
    announced = (Submission.spam_reasons == "", Submission.status != "unconfirmed")
    query = select(Submission.form_id, Submission.id).where(Submission.id.in_(submission_ids), *announced)
    by_form: dict[str, list[uuid.UUID]] = {}
    # locked, so that of two requests that delete it only one says so
    for form_id, submission_id in db.session.execute(query.order_by(Submission.id).with_for_update()):
        by_form.setdefault(form_id, []).append(submission_id)
    for form_id, ids in by_form.items():
        enqueue_for_form(DELETED, form_id, ids)


def _event(event_type: str, form: PublishedForm, submission: SubmissionRow) -> SubmissionEvent:
    data, control = json.loads(submission.data), json.loads(submission.control or "{}")
    return SubmissionEvent(event_type, form, submission.id, data, control)
