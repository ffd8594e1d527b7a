"""Reading submissions newest first, in bounded pieces that hold nothing open between them."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    exists,
    false,
    func,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)

from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.keyring import current_key_ring, reveal
from forms_service.extensions import db
from forms_service.security.key_ring import KeyRing
from forms_service.submissions.choice_lists import multiselects_of, with_lists
from forms_service.submissions.models import STATUSES, Submission
from forms_service.uploads.models import File

Query = Select[*tuple[Any, ...]]
Files = dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]
Position = tuple[datetime, uuid.UUID]
"""Where one stands in a list: when the last submission was sent, and its id."""

MAX_BYTES = 4 * 2**20
"""Encrypted bytes that are read at once, by which a page of huge submissions is shorter than was asked for."""

BATCH = 2000
"""Submissions that are read at once where all are."""


class Found(NamedTuple):
    """What is read of a submission, by hand: the ORM would take as long again for each of a million."""

    id: uuid.UUID
    form_id: str
    form_version: int
    created_at: datetime
    status: str
    read: bool
    spam_reasons: str
    data: str
    control: str | None
    client: str | None
    has_files: bool


SUBMISSIONS, FILES = Submission.__table__, File.__table__
S = SUBMISSIONS.c
COLUMNS = (
    *(S.id, S.form_id, S.form_version, S.created_at, S.status, S.read, S.spam_reasons),
    type_coerce(S.data, LargeBinary),
    type_coerce(S.control, LargeBinary),
    type_coerce(S.client, LargeBinary),
    exists().where(FILES.c.submission_id == S.id),
)


@dataclass(frozen=True)
class Filter:
    """Which submissions of a form are meant: sent from `since` on and before `until`."""

    status: tuple[str, ...] = ("inbox",)
    since: datetime | None = None
    until: datetime | None = None
    unread: bool | None = None
    timezone: tzinfo = UTC
    """In which an export writes times."""


def newest(form_id: str, wanted: Filter, after: Position | None, limit: int) -> Query:
    """The ids of the next submissions, read off the index alone, status by status."""
    parts = [
        _narrowed(wanted, after).where(S.form_id == form_id, S.status == status).limit(limit).subquery()
        for status in wanted.status
    ]
    found = union_all(*(select(part.c.id, part.c.created_at) for part in parts)).subquery()
    return select(found.c.id, found.c.created_at).order_by(found.c.created_at.desc(), found.c.id.desc()).limit(limit)


def fetched(ids: Query) -> list[Found]:
    """Those submissions in their order, at least one and then as many as MAX_BYTES hold."""
    found = ids.subquery()
    size = func.length(S.data) + func.coalesce(func.length(S.control), 0)
    order = (S.created_at.desc(), S.id.desc())
    before = (func.sum(size).over(order_by=order) - size).label("before")
    sized = select(S.id, before).join_from(found, SUBMISSIONS, S.id == found.c.id).subquery()
    query = select(*COLUMNS).join_from(sized, SUBMISSIONS, S.id == sized.c.id).where(sized.c.before < MAX_BYTES)
    rows = db.session.execute(query.order_by(*order)).all()
    return _with_lists(_opened(rows, current_key_ring()))


def released(ids: Query) -> list[Found]:
    """The same, and the connection given back: for what takes its time."""
    found = fetched(ids)
    db.session.rollback()
    return found


def batches(form_id: str, wanted: Filter, after: Position | None = None) -> Iterator[list[Found]]:
    """All of them, piece by piece; between two pieces no connection is held."""
    while found := released(newest(form_id, wanted, after, BATCH)):
        yield found
        after = position(found[-1])


def count_left_out(form_id: str, wanted: Filter) -> dict[str, int]:
    """Status → how many submissions a filter leaves out for their status alone; read off the index."""
    others = [status for status in STATUSES if status not in wanted.status]
    query = select(S.status, func.count()).where(S.form_id == form_id, S.status.in_(others), *_conditions(wanted))
    counts = {row[0]: row[1] for row in db.session.execute(query.group_by(S.status))}
    return {status: counts[status] for status in others if status in counts}


def everything(form_id: str) -> tuple[ColumnElement[bool], ...]:
    """That a submission is the form's, said so that the index alone answers what else is asked of it."""
    return S.form_id == form_id, S.status.in_(STATUSES)


def position(submission: Found) -> Position:
    """Where the list goes on after a submission."""
    return submission.created_at, submission.id


def files_of(submissions: Sequence[Found]) -> Files:
    """The files of each submission that has any, by its id."""
    found: Files = {}
    ids = [submission.id for submission in submissions if submission.has_files]
    if ids:
        columns = (File.submission_id, File.number, File.field, File.name, File.content_type, File.size)
        query = select(*columns).where(File.submission_id.in_(ids)).order_by(File.submission_id, File.number)
        for file in db.session.execute(query):
            found.setdefault(file.submission_id, []).append(file)
    return found


def _opened(rows: Sequence[Row[*tuple[Any, ...]]], ring: KeyRing) -> list[Found]:
    return [
        Found._make(
            (
                *plain,
                _open(ring, data, "submissions.data", row := plain[0].hex, "{}"),
                _open(ring, control, "submissions.control", row, "{}") if control else None,
                _open(ring, client, "submissions.client", row, "") if client else None,
                has_files,
            )
        )
        for *plain, data, control, client, has_files in rows
    ]


def _open(ring: KeyRing, sealed: bytes, place: str, row: str, instead: str) -> str:
    try:
        return ring.decrypt(sealed, place, row)
    except ValueError:  # slower, and knows what to do
        return reveal(sealed, place, row, instead)


def _with_lists(found: list[Found]) -> list[Found]:
    known = multiselects_of({(submission.form_id, submission.form_version) for submission in found})
    if not any(multiselects.names for multiselects in known.values()):
        return found
    return [
        submission
        if isinstance(submission.data, Unreadable)
        else submission._replace(
            data=with_lists(submission.data, known.get((submission.form_id, submission.form_version)))
        )
        for submission in found
    ]


def _narrowed(wanted: Filter, after: Position | None) -> Query:
    query = select(S.id, S.created_at).where(*_conditions(wanted))
    if after:
        query = query.where(tuple_(S.created_at, S.id) < after)
    return query.order_by(S.created_at.desc(), S.id.desc())


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """All that a filter asks for but the status."""
    if wanted.unread is not None:
        yield S.read == (false() if wanted.unread else true())
    if wanted.since:
        yield S.created_at >= wanted.since
    if wanted.until:
        yield S.created_at < wanted.until
