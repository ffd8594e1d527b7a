"""Finds, exports and erases one address's submissions."""

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select, tuple_

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import suppressions
from forms_service.extensions import db
from forms_service.forms.members import erasure as members
from forms_service.forms.models import Form
from forms_service.inbox.export import JSON_LINES, Export, stream_json_lines
from forms_service.inbox.service import build_page
from forms_service.notifications.recipients import erasure as recipients
from forms_service.submissions import deletion, events
from forms_service.submissions.email_addresses import email_blind_index
from forms_service.submissions.models import Submission, SubmissionEmail
from forms_service.submissions.queries import (
    BATCH_SIZE,
    Position,
    Query,
    SubmissionRow,
    cursor_position,
    fetch,
    fetch_and_release,
)
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import Page, decode_cursor


def find(caller: Caller, email: str, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    start = decode_cursor(cursor, parse_utc, uuid.UUID)
    rows = fetch(_select_ids(caller, email, start, limit + 1))
    more = len(rows) > limit or (rows and fetch(_select_ids(caller, email, cursor_position(rows[-1]), 1)))
    return build_page(rows[:limit], last=rows[:limit][-1] if more else None)


def count(caller: Caller, email: str) -> int:
    """Count what `find` returns."""
    return db.session.scalar(select(func.count()).select_from(_of_person(caller, email).subquery())) or 0


def export(caller: Caller, email: str) -> Export:
    """Export them as JSON Lines, with an audit record."""
    with write_session():
        audit.record("person_exported", account_id=caller.account_id)
        db.session.commit()
    return Export(f"submissions {now():%Y-%m-%d}.jsonl", JSON_LINES, stream_json_lines(_batches(caller, email)))


def erase(caller: Caller, email: str) -> dict[str, int]:
    """Erase and count them; the audit record omits the address.

    A suppression of the address stays, as a blind index.
    """
    erased = 0
    while True:
        with write_session():
            ids = [row.id for row in db.session.execute(_select_ids(caller, email, None, deletion.BATCH_SIZE))]
            if ids or caller.role == "operator":  # an owner may erase only what they have of a person
                suppressions.forget_address(email)
            recipients.forget_address(caller, email)
            members.forget_address(caller, email)
            events.enqueue_deleted(ids)
            deletion.erase_and_commit(ids, "person_erased", account_id=caller.account_id)
        erased += len(ids)
        if len(ids) < deletion.BATCH_SIZE:
            return {"erased": erased}


def _select_ids(caller: Caller, email: str, start: Position | None, limit: int) -> Query:
    query = _of_person(caller, email)
    if start:
        query = query.where(tuple_(Submission.created_at, Submission.id) < start)
    return query.order_by(Submission.created_at.desc(), Submission.id.desc()).limit(limit)


def _of_person(caller: Caller, email: str) -> Query:
    query = (
        select(Submission.id, Submission.created_at)
        .join(SubmissionEmail, SubmissionEmail.submission_id == Submission.id)
        .join(Form, Form.id == Submission.form_id)
        .where(SubmissionEmail.email_index == email_blind_index(email), Form.deleted_at.is_(None))
    )
    return query if caller.role == "operator" else query.where(Form.owner_id == caller.account_id)


def _batches(caller: Caller, email: str) -> Iterator[list[SubmissionRow]]:
    start: Position | None = None
    while rows := fetch_and_release(_select_ids(caller, email, start, BATCH_SIZE)):
        yield rows
        start = cursor_position(rows[-1])
