"""Reading submissions newest first, in bounded pieces that hold nothing open between them."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, false, func, select, true, tuple_, union_all

from forms_service.extensions import db
from forms_service.submissions.models import File, Submission

Found = Row[*tuple[Any, ...]]
Query = Select[*tuple[Any, ...]]

Position = tuple[datetime, uuid.UUID]
"""Where one stands in a list: when the last submission was sent, and its id."""

MOST_BYTES = 4 * 2**20
"""Encrypted bytes that are read at once, by which a page of huge submissions is shorter than was asked for."""

BATCH = 1000
"""Submissions that are read at once where all are."""

COLUMNS = (
    Submission.id,
    Submission.form_id,
    Submission.form_version,
    Submission.created_at,
    Submission.status,
    Submission.read,
    Submission.data,
    Submission.control,
    Submission.spam_reasons,
)
"""What `serialising.as_dict` shows."""


@dataclass(frozen=True)
class Filter:
    """Which submissions of a form are meant: sent from `since` on and before `until`."""

    status: tuple[str, ...] = ("inbox",)
    since: datetime | None = None
    until: datetime | None = None
    unread: bool | None = None


def newest(form_id: str, wanted: Filter, after: Position | None, limit: int) -> Query:
    """The ids of the next submissions, read off the index alone: one part for each status and read or unread."""
    read = (false(), true()) if wanted.unread is None else (false() if wanted.unread else true(),)
    parts = [
        _narrowed(wanted, after)
        .where(Submission.form_id == form_id, Submission.status == status, Submission.read == is_read)
        .limit(limit)
        .subquery()
        for status in wanted.status
        for is_read in read
    ]
    found = union_all(*(select(part.c.id, part.c.created_at) for part in parts)).subquery()
    return select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(limit)


def fetched(ids: Query, columns: Sequence[Any] = COLUMNS) -> Sequence[Found]:
    """Those submissions in their order, at least one and then as many as MOST_BYTES hold; `asked` says how many
    there are of them.
    """
    found = ids.subquery()
    size = func.length(Submission.data) + func.coalesce(func.length(Submission.control), 0)
    order = (Submission.created_at.desc(), Submission.id.desc())
    sized = (
        select(
            Submission.id,
            (func.sum(size).over(order_by=order) - size).label("before"),
            func.count().over().label("asked"),
        )
        .join_from(found, Submission, Submission.id == found.c.id)
        .subquery()
    )
    query = select(*columns, sized.c.asked).join_from(sized, Submission, Submission.id == sized.c.id)
    return db.session.execute(query.where(sized.c.before < MOST_BYTES).order_by(*order)).all()


def batches(
    form_id: str, wanted: Filter, after: Position | None = None, columns: Sequence[Any] = COLUMNS
) -> Iterator[Sequence[Found]]:
    """All of them, piece by piece; between two pieces no connection is held. `columns` name the id and the time."""
    while found := fetched(newest(form_id, wanted, after, BATCH), columns):
        db.session.rollback()
        yield found
        after = position(found[-1])


def position(submission: Found) -> Position:
    """Where the list goes on after a submission."""
    return submission.created_at, submission.id


def files_of(submissions: Sequence[Any]) -> dict[uuid.UUID, list[Found]]:
    """The files of each submission that has any, by its id."""
    ids = [submission.id for submission in submissions]
    columns = (File.submission_id, File.number, File.field, File.name, File.content_type, File.size)
    query = select(*columns).where(File.submission_id.in_(ids)).order_by(File.submission_id, File.number)
    found: dict[uuid.UUID, list[Found]] = defaultdict(list)
    for file in db.session.execute(query):
        found[file.submission_id].append(file)
    return found


def _narrowed(wanted: Filter, after: Position | None) -> Query:
    query = select(Submission.id, Submission.created_at)
    if wanted.since:
        query = query.where(Submission.created_at >= wanted.since)
    if wanted.until:
        query = query.where(Submission.created_at < wanted.until)
    if after:
        query = query.where(tuple_(Submission.created_at, Submission.id) < after)
    return query.order_by(Submission.created_at.desc(), Submission.id.desc())
