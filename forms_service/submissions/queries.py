"""Reads submissions newest first, in batches that hold no connection between them."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    String,
    cast,
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
from forms_service.submissions.choice_lists import choices_as_lists, load_multiselects
from forms_service.submissions.models import STATUSES, Submission
from forms_service.uploads.models import File

Query = Select[*tuple[Any, ...]]
Files = dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]
Position = tuple[datetime, uuid.UUID]
"""Keyset cursor: time and id."""

MAX_BYTES = 4 * 2**20
"""Encrypted bytes read at once; huge submissions shorten a page."""

BATCH_SIZE = 500
"""With 2,000, searches and exports leave 12 MB more with the process, and are 5 % faster."""


class SubmissionRow(NamedTuple):
    """A submission decrypted by hand: the ORM takes twice as long."""

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
    """Criteria for submissions; `until` is exclusive."""

    status: tuple[str, ...] = ("inbox",)
    since: datetime | None = None
    until: datetime | None = None
    unread: bool | None = None
    timezone: tzinfo = UTC
    """For times in exports."""


def newest_ids(
    form_id: str, criteria: Filter, after: Position | None, limit: int, *, scanned: int | None = None
) -> Query:
    """Query the next ids, among the next `scanned`; one part per status lets the index alone answer."""
    parts = [_select_ids(form_id, status, criteria, after, scanned).limit(limit) for status in criteria.status]
    ids = _union(parts)
    return select(ids.c.id, ids.c.created_at).order_by(ids.c.created_at.desc(), ids.c.id.desc()).limit(limit)


def newer_ids(form_id: str, criteria: Filter, before: Position, limit: int) -> Query:
    """Query the ids before a position, the nearest first."""
    is_newer = (S.form_id == form_id, tuple_(S.created_at, S.id) > before, *conditions(criteria))
    query = select(S.id, S.created_at).where(*is_newer).order_by(S.created_at, S.id).limit(limit)
    ids = _union([query.where(S.status == status) for status in criteria.status])
    return select(ids.c.id, ids.c.created_at).order_by(ids.c.created_at, ids.c.id).limit(limit)


def scan_end(form_id: str, criteria: Filter, after: Position | None, scanned: int) -> Position | None:
    """Return the position of the last of the next `scanned` submissions of any read state; None if there are fewer."""
    query = select(S.created_at, S.id).where(S.form_id == form_id, S.status.in_(criteria.status))
    query = query.where(*conditions(replace(criteria, unread=None)), *_after(after))
    row = db.session.execute(_newest_first(query).offset(scanned - 1).limit(1)).one_or_none()
    return (row[0], row[1]) if row else None


def ids_ending_with(hexadecimal: str, form_id: str) -> Query:
    """Query a form's ids by their last digits; the index alone answers, in 0.1 s for a million."""
    return select(S.id, S.created_at).where(*of_form(form_id), cast(S.id, String).like(f"%{hexadecimal}"))


def fetch(ids: Query) -> list[SubmissionRow]:
    """Return submissions in order, at least one, up to MAX_BYTES."""
    wanted_ids = ids.subquery()
    size = func.length(S.data) + func.coalesce(func.length(S.control), 0)
    order = (S.created_at.desc(), S.id.desc())
    bytes_before = (func.sum(size).over(order_by=order) - size).label("before")
    sized = select(S.id, bytes_before).join_from(wanted_ids, SUBMISSIONS, S.id == wanted_ids.c.id).subquery()
    query = select(*COLUMNS).join_from(sized, SUBMISSIONS, S.id == sized.c.id).where(sized.c.before < MAX_BYTES)
    rows = db.session.execute(query.order_by(*order)).all()
    return _convert_multiselects(_decrypt_rows(rows, current_key_ring()))


def fetch_and_release(ids: Query) -> list[SubmissionRow]:
    """Like `fetch`, and release the connection, for slow consumers."""
    rows = fetch(ids)
    db.session.rollback()
    return rows


def batches(form_id: str, criteria: Filter, after: Position | None = None) -> Iterator[list[SubmissionRow]]:
    """Yield batches; no connection is held in between."""
    while rows := fetch_and_release(newest_ids(form_id, criteria, after, BATCH_SIZE)):
        yield rows
        after = cursor_position(rows[-1])


def of_form(form_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return conditions that the index alone can answer."""
    return S.form_id == form_id, S.status.in_(STATUSES)


def cursor_position(submission: SubmissionRow) -> Position:
    """Return a submission's keyset cursor."""
    return submission.created_at, submission.id


def files_of(submissions: Sequence[SubmissionRow]) -> Files:
    """Return files by submission id."""
    files: Files = {}
    ids = [submission.id for submission in submissions if submission.has_files]
    if ids:
        columns = (File.submission_id, File.number, File.field, File.name, File.content_type, File.size)
        query = (
            select(*columns, File.scan, File.threat)
            .where(File.submission_id.in_(ids))
            .order_by(File.submission_id, File.number)
        )
        for file in db.session.execute(query):
            files.setdefault(file.submission_id, []).append(file)
    return files


def _decrypt_rows(rows: Sequence[Row[*tuple[Any, ...]]], ring: KeyRing) -> list[SubmissionRow]:
    return [
        SubmissionRow._make(
            (
                *plain,
                _decrypt(ring, data, "submissions.data", row := plain[0].hex, "{}"),
                _decrypt(ring, control, "submissions.control", row, "{}") if control else None,
                _decrypt(ring, client, "submissions.client", row, "") if client else None,
                has_files,
            )
        )
        for *plain, data, control, client, has_files in rows
    ]


def _decrypt(ring: KeyRing, ciphertext: bytes, context: str, row: str, placeholder: str) -> str:
    try:
        return ring.decrypt(ciphertext, context, row)
    except ValueError:  # the slow path handles failures
        return reveal(ciphertext, context, row, placeholder)


def _convert_multiselects(rows: list[SubmissionRow]) -> list[SubmissionRow]:
    by_version = load_multiselects({(submission.form_id, submission.form_version) for submission in rows})
    if not any(multiselects.names for multiselects in by_version.values()):
        return rows
    return [
        submission
        if isinstance(submission.data, Unreadable)
        else submission._replace(
            data=choices_as_lists(submission.data, by_version.get((submission.form_id, submission.form_version)))
        )
        for submission in rows
    ]


def conditions(criteria: Filter) -> Iterator[ColumnElement[bool]]:
    """Yield a filter's conditions, all but the status."""
    if criteria.unread is not None:
        yield S.read == (false() if criteria.unread else true())
    if criteria.since:
        yield S.created_at >= criteria.since
    if criteria.until:
        yield S.created_at < criteria.until


def _select_ids(form_id: str, status: str, criteria: Filter, after: Position | None, scanned: int | None) -> Query:
    is_in_folder = (S.form_id == form_id, S.status == status, *_after(after))
    if scanned is None or criteria.unread is None:
        return _newest_first(select(S.id, S.created_at).where(*is_in_folder, *conditions(criteria)))
    # the index does not begin with the read state: a rare one would be searched for in all of it
    next_rows = select(S.id, S.created_at, S.read).where(*is_in_folder, *conditions(replace(criteria, unread=None)))
    window = _newest_first(next_rows).limit(scanned).subquery()
    query = select(window.c.id, window.c.created_at).where(window.c.read == (false() if criteria.unread else true()))
    return query.order_by(window.c.created_at.desc(), window.c.id.desc())


def _union(parts: Sequence[Query]) -> Any:
    subqueries = [part.subquery() for part in parts]
    return union_all(*(select(part.c.id, part.c.created_at) for part in subqueries)).subquery()


def _newest_first(query: Query) -> Query:
    return query.order_by(S.created_at.desc(), S.id.desc())


def _after(position: Position | None) -> tuple[ColumnElement[bool], ...]:
    return (tuple_(S.created_at, S.id) < position,) if position else ()
