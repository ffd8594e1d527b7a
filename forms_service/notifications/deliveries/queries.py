"""Reads deliveries by the submissions that they are about: the outbox knows no form."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased

from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.submissions.models import STATUSES, Submission
from forms_service.submissions.queries import Filter, newest_ids

BATCH_SIZE = 500
MAX_SUBMISSIONS = 5000
"""Submissions that a page reads; it ends early where most have no delivery any more."""

ALL = Filter(status=STATUSES)

Digest = aliased(Message, name="digest")

COLUMNS = (
    *(Message.id, Message.channel, Message.kind, Message.about, Message.target_id, Message.state, Message.digest_id),
    func.coalesce(Digest.next_attempt_at, Message.next_attempt_at).label("next_attempt_at"),
)


@dataclass(frozen=True)
class Position:
    """The last submission that was read, and the last of its deliveries unless all were."""

    created_at: datetime
    submission_id: uuid.UUID
    message_id: uuid.UUID | None = None


def select_deliveries() -> Select[*tuple[Any, ...]]:
    """Select deliveries; one that a digest holds back is due with it."""
    return select(*COLUMNS).outerjoin(Digest, Digest.id == Message.digest_id)


def newest(
    form_id: str, filters: Mapping[str, str], after: Position | None, limit: int
) -> tuple[list[Any], Position | None]:
    """Return up to `limit` deliveries, those of the newest submissions first, and where to continue."""
    # hidden in coalesce(): SQLite would read all messages in that state instead of those about the submissions
    conditions = [func.coalesce(getattr(Message, name), "") == value for name, value in filters.items()]
    rows: list[Any] = []
    for _ in range(MAX_SUBMISSIONS // BATCH_SIZE):
        batch = _next_submissions(form_id, after)
        rows += _deliveries_of([submission_id for submission_id, _ in batch], conditions, after, limit + 1 - len(rows))
        if len(rows) > limit:
            last = rows[limit - 1]
            return rows[:limit], Position(last.created_at, last.about, last.id)
        if len(batch) < BATCH_SIZE:
            return rows, None
        submission_id, created_at = batch[-1]
        after = Position(created_at, submission_id)
    return rows, after


def attempts_of(deliveries: Sequence[Any]) -> dict[uuid.UUID, list[Attempt]]:
    """Return attempts by message, the oldest first; those of a digest too."""
    ids = {row.id for row in deliveries} | {row.digest_id for row in deliveries if row.digest_id}
    attempts: dict[uuid.UUID, list[Attempt]] = {}
    for attempt in db.session.scalars(select(Attempt).where(Attempt.message_id.in_(ids)).order_by(Attempt.id)):
        attempts.setdefault(attempt.message_id, []).append(attempt)
    return attempts


def _next_submissions(form_id: str, after: Position | None) -> Sequence[Any]:
    position = (after.created_at, after.submission_id) if after else None
    batch: list[Any] = list(db.session.execute(newest_ids(form_id, ALL, position, BATCH_SIZE)).all())
    if after and after.message_id:  # the rest of this one's deliveries
        batch.insert(0, (after.submission_id, after.created_at))
        return batch[:BATCH_SIZE]
    return batch


def _deliveries_of(
    ids: Sequence[uuid.UUID], conditions: Sequence[ColumnElement[bool]], after: Position | None, limit: int
) -> Sequence[Any]:
    query = select_deliveries().add_columns(Submission.created_at).join(Submission, Submission.id == Message.about)
    query = query.where(Message.about.in_(ids), *conditions)
    if after and after.message_id:
        query = query.where(or_(Message.about != after.submission_id, Message.id < after.message_id))
    order = (Submission.created_at.desc(), Submission.id.desc(), Message.id.desc())
    return db.session.execute(query.order_by(*order).limit(limit)).all()
