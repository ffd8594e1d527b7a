"""Inbox use cases. Another owner's forms and submissions raise NotFoundError."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.errors import AuthorizationError, NotFoundError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.models import FORM_ID, Form
from forms_service.inbox.changes import CHANGED_EVENT, apply_and_commit, apply_changes, record_changes
from forms_service.replies import proofs
from forms_service.submissions.counts import count_left_out
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import (
    Filter,
    Position,
    SubmissionRow,
    cursor_position,
    fetch,
    files_of,
    newest_ids,
    of_form,
    scan_end,
)
from forms_service.submissions.serialization import as_dict
from forms_service.uploads import storage
from forms_service.uploads.models import File
from forms_service.validation.datetimes import parse_utc
from forms_service.virus_scanner.clamd import INFECTED
from forms_service.web.pagination import Page, decode_cursor, encode_cursor

WITHOUT_DATA = ("id", "reference", "form_id", "form_version", "created_at", "status", "read")
"""Keys that hold nothing the sender wrote."""

MAX_LEFT_OUT = 10_000
"""A list counts others up to it."""

MAX_SCANNED = 50_000
"""Rows that a page of unread submissions reads to find some: 0.02 s."""


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    size: int
    chunks: Iterator[bytes]


def list_submissions(
    form_id: str, caller: Caller, criteria: Filter, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Return a page as `read_page` does; the first counts other statuses."""
    result = read_page(form_id, caller, criteria, limit=limit, cursor=cursor)
    left_out = None if cursor else count_left_out(form_id, criteria, at_most=MAX_LEFT_OUT)
    return replace(result, meta={"left_out": left_out})


def read_page(
    form_id: str, caller: Caller, criteria: Filter, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Return a page, shorter if submissions are huge, or if few of very many are in the read state of the filter."""
    access.find_form(form_id, caller)
    after = decode_cursor(cursor, parse_utc, uuid.UUID)
    scanned = MAX_SCANNED if criteria.unread is not None and len(criteria.status) == 1 else None
    rows = fetch(newest_ids(form_id, criteria, after, limit + 1, scanned=scanned))
    # MAX_BYTES may have cut the page short
    if len(rows) > limit or (rows and _has_more(form_id, criteria, cursor_position(rows[-1]), scanned)):
        return build_page(rows[:limit], last=rows[:limit][-1])
    end = scan_end(form_id, criteria, after, scanned) if scanned else None
    return replace(build_page(rows, last=None), next=encode_cursor(*end) if end else None)


def build_page(rows: Sequence[SubmissionRow], *, last: SubmissionRow | None) -> Page[dict[str, Any]]:
    """Return a page that continues after `last`, if any."""
    files, opt_ins = files_of(rows), proofs.load([submission.id for submission in rows])
    items = [as_dict(submission, files.get(submission.id, ()), opt_ins.get(submission.id)) for submission in rows]
    return Page(items, encode_cursor(*cursor_position(last)) if last else None)


def get(submission_id: uuid.UUID, caller: Caller) -> dict[str, Any]:
    submission = _find(submission_id, caller, access.VIEWER)
    proof = proofs.load([submission_id]).get(submission_id)
    return as_dict(submission, files_of([submission]).get(submission_id, ()), proof)


def change(submission_id: uuid.UUID, caller: Caller, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changed submission, with content only for `submissions:read`."""
    with write_session():
        submission = _find(submission_id, caller, access.EDITOR)
        previous = apply_changes(submission.form_id, [submission_id], changes)
        if "status" in changes:  # programs read a lot, which is not worth a line each
            record_changes(CHANGED_EVENT, caller, submission.form_id, changes, len(previous))
        db.session.commit()
    result = get(submission_id, caller)
    return result if caller.may("submissions:read") else {name: result[name] for name in WITHOUT_DATA}


def delete(submission_id: uuid.UUID, caller: Caller) -> None:
    with write_session():
        form_id = _find(submission_id, caller, access.EDITOR).form_id
        apply_and_commit(form_id, caller, [submission_id], {"delete": True})


def bulk(form_id: str, caller: Caller, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ids done and missing."""
    with write_session():
        access.find_form(form_id, caller, access.EDITOR)
        existing = select(Submission.id).where(Submission.form_id == form_id, Submission.id.in_(ids))
        done = list(db.session.scalars(existing))
        apply_and_commit(form_id, caller, done, changes)
    return {
        "done": [str(identity) for identity in done],
        "missing": [str(identity) for identity in set(ids) - set(done)],
    }


def open_attachment(submission_id: uuid.UUID, number: int, caller: Caller, *, infected: bool = False) -> Attachment:
    """Open a file; one with a virus only if the caller, an editor at least, asks for `infected` files.

    :raises AuthorizationError: for a file that is held back
    :raises NotFoundError: also if missing on disk
    """
    _find(submission_id, caller, access.EDITOR if infected else access.VIEWER)
    file = db.session.get(File, (submission_id, number))
    if file is None:
        raise NotFoundError()
    if file.scan == INFECTED and not infected:
        raise AuthorizationError(
            f"This file is held back: the virus scanner found {file.threat}. Editors can download it with "
            "?infected=true.",
            details={"scan": INFECTED, "threat": file.threat},
        )
    attachment = Attachment(file.name, file.content_type, file.size, storage.open_decrypted(file.stored_as))
    db.session.rollback()  # release the connection while a slow client reads
    return attachment


def count_all(form_id: str, caller: Caller, needed: str = access.VIEWER) -> int:
    """Return how many submissions a form has, spam included."""
    access.find_form(form_id, caller, needed)
    return _count(form_id)


def get_erasure(form_id: str, caller: Caller) -> dict[str, Any]:
    """Return its progress.

    :raises NotFoundError: if none is in progress
    """
    query = select(Form.deleted_at).where(Form.id == form_id, Form.deleted_at.is_not(None))
    if caller.role != "operator":
        query = query.where(Form.owner_id == caller.account_id)
    deleted_at = db.session.scalar(query) if FORM_ID.fullmatch(form_id) else None
    if deleted_at is None:
        raise NotFoundError()
    return {"form_id": form_id, "deleted_at": deleted_at, "submissions_left": _count(form_id)}


def _count(form_id: str) -> int:
    return db.session.scalar(select(func.count()).where(*of_form(form_id))) or 0


def _has_more(form_id: str, criteria: Filter, last: Position, scanned: int | None) -> bool:
    return db.session.execute(newest_ids(form_id, criteria, last, 1, scanned=scanned)).first() is not None


def _find(submission_id: uuid.UUID, caller: Caller, needed: str) -> SubmissionRow:
    query = select(access.role_of(caller)).select_from(Submission).join(Form, Form.id == Submission.form_id)
    is_this = Submission.id == submission_id
    access.require_role(db.session.scalar(query.where(is_this, Form.deleted_at.is_(None))), needed)
    for submission in fetch(select(Submission.id).where(is_this)):
        return submission
    raise NotFoundError()
