"""Inbox use cases. Another owner's forms and submissions raise NotFoundError."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update

from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.cache import get_published_form
from forms_service.forms.models import FORM_ID, Form
from forms_service.replies import opt_in, proofs
from forms_service.submissions import deletion, events
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import (
    Filter,
    Position,
    SubmissionRow,
    count_left_out,
    cursor_position,
    fetch,
    files_of,
    newest_ids,
    of_form,
)
from forms_service.submissions.serialization import as_dict
from forms_service.uploads import storage
from forms_service.uploads.models import File
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import Page, decode_cursor, encode_cursor

ERASED_EVENT = "submissions_erased"

WITHOUT_DATA = ("id", "reference", "form_id", "form_version", "created_at", "status", "read")
"""Keys that hold nothing the sender wrote."""


CONFIRMED_STATUSES = ("inbox", "archived")
"""Statuses that need a confirmed double opt-in."""


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    size: int
    chunks: Iterator[bytes]


def list_submissions(
    form_id: str, caller: Caller, criteria: Filter, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Return a page, shorter if submissions are huge; the first counts other statuses."""
    access.find_form(form_id, caller)
    rows = fetch(newest_ids(form_id, criteria, decode_cursor(cursor, parse_utc, uuid.UUID), limit + 1))
    # MAX_BYTES may have cut the page short
    more = len(rows) > limit or (rows and _has_more(form_id, criteria, cursor_position(rows[-1])))
    result = build_page(rows[:limit], last=rows[:limit][-1] if more else None)
    return replace(result, meta={"left_out": None if cursor else count_left_out(form_id, criteria)})


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
        _change(submission.form_id, [submission_id], changes)
        db.session.commit()
    result = get(submission_id, caller)
    return result if caller.may("submissions:read") else {name: result[name] for name in WITHOUT_DATA}


def delete(submission_id: uuid.UUID, caller: Caller) -> None:
    with write_session():
        form_id = _find(submission_id, caller, access.EDITOR).form_id
        events.enqueue_deleted([submission_id])
        deletion.erase_and_commit(
            [submission_id], ERASED_EVENT, account_id=caller.account_id, details={"form_id": form_id}
        )


def bulk(form_id: str, caller: Caller, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ids done and missing."""
    with write_session():
        access.find_form(form_id, caller, access.EDITOR)
        existing = select(Submission.id).where(Submission.form_id == form_id, Submission.id.in_(ids))
        done = list(db.session.scalars(existing))
        if "delete" in changes:
            events.enqueue_deleted(done)
            deletion.erase_and_commit(done, ERASED_EVENT, account_id=caller.account_id, details={"form_id": form_id})
        else:
            _change(form_id, done, changes)
            db.session.commit()
    return {
        "done": [str(identity) for identity in done],
        "missing": [str(identity) for identity in set(ids) - set(done)],
    }


def open_attachment(submission_id: uuid.UUID, number: int, caller: Caller) -> Attachment:
    """Open a file.

    :raises NotFoundError: also if missing on disk
    """
    _find(submission_id, caller, access.VIEWER)
    file = db.session.get(File, (submission_id, number))
    if file is None:
        raise NotFoundError()
    attachment = Attachment(file.name, file.content_type, file.size, storage.open_decrypted(file.stored_as))
    db.session.rollback()  # release the connection while a slow client reads
    return attachment


def count_all(form_id: str, caller: Caller, needed: str = access.VIEWER) -> int:
    """Return how many submissions a form has, spam included."""
    access.find_form(form_id, caller, needed)
    return db.session.scalar(select(func.count()).where(*of_form(form_id))) or 0


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
    left = db.session.scalar(select(func.count()).where(*of_form(form_id)))
    return {"form_id": form_id, "deleted_at": deleted_at, "submissions_left": left}


def _has_more(form_id: str, criteria: Filter, last: Position) -> bool:
    return db.session.execute(newest_ids(form_id, criteria, last, 1)).first() is not None


def _find(submission_id: uuid.UUID, caller: Caller, needed: str) -> SubmissionRow:
    query = select(access.role_of(caller)).select_from(Submission).join(Form, Form.id == Submission.form_id)
    is_this = Submission.id == submission_id
    access.require_role(db.session.scalar(query.where(is_this, Form.deleted_at.is_(None))), needed)
    for submission in fetch(select(Submission.id).where(is_this)):
        return submission
    raise NotFoundError()


def _change(form_id: str, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]) -> None:
    if changes.get("status") in CONFIRMED_STATUSES:
        opt_in.require_confirmed(ids)
    if changes.get("status") == "inbox":
        _clear_spam_verdict(form_id, ids)
    if changes.get("status") == "spam":
        _announce_spam(form_id, ids)
    if changes:
        statement = update(Submission).where(Submission.form_id == form_id, Submission.id.in_(ids)).values(changes)
        db.session.execute(statement.execution_options(synchronize_session=False))


def _announce_spam(form_id: str, ids: Sequence[uuid.UUID]) -> None:
    # only where the submission has been announced before
    is_known = (Submission.form_id == form_id, Submission.id.in_(ids), Submission.spam_reasons == "")
    moved = db.session.execute(
        update(Submission)
        .where(*is_known, Submission.status.not_in(("spam", "unconfirmed")))
        .values(status="spam")
        .returning(Submission.id)
        .execution_options(synchronize_session=False)
    )
    events.enqueue_for_form(events.MARKED_SPAM, form_id, moved.scalars().all())


def _clear_spam_verdict(form_id: str, ids: Sequence[uuid.UUID]) -> None:
    # until the move to the inbox the reasons stay, in any folder, so that no notification is sent twice
    is_judged = (Submission.id.in_(ids), Submission.spam_reasons != "")
    released = db.session.execute(
        update(Submission)
        .where(*is_judged)
        .values(spam_reasons="")
        .returning(Submission.id)
        .execution_options(synchronize_session=False)
    )
    form = get_published_form(form_id)
    events.enqueue(events.CREATED, form, released.scalars().all())
