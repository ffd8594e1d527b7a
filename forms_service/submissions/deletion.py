"""Deletes submissions with files, outbox messages and idempotency keys."""

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, delete, select

from forms_service import signals
from forms_service.accounts import audit
from forms_service.accounts.authentication import Caller
from forms_service.database.transactions import on_commit, write_session
from forms_service.delivery import outbox
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.submissions.models import IdempotencyKey, Submission
from forms_service.uploads import storage
from forms_service.uploads.models import File

BATCH_SIZE = 500
"""Submissions per transaction."""

FORM_BATCH_SIZE = 200
"""The same for a form that is erased: on SQLite, all other writes wait for each of many."""

Ids = Sequence[uuid.UUID] | Select[uuid.UUID]


def erase(submissions: Ids) -> None:
    """Delete submissions, and their files after the commit.

    `storage.delete_orphans` removes files that a crash leaves.
    """
    files = db.session.scalars(select(File.stored_as).where(File.submission_id.in_(submissions))).all()
    if files:
        on_commit(partial(storage.remove, files))
    outbox.delete_about(submissions)
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.submission_id.in_(submissions)))
    db.session.execute(delete(Submission).where(Submission.id.in_(submissions)))


def erase_and_commit(
    ids: Sequence[uuid.UUID], name: str, *, account_id: uuid.UUID, details: Mapping[str, Any] | None = None
) -> None:
    """Delete submissions, record an audit event, and commit."""
    erase(ids)
    audit.record(name, account_id=account_id, details={**(details or {}), "submissions": len(ids)})
    db.session.commit()
    if ids:
        signals.submission_deleted.send(submission_ids=list(ids))


@signals.form_deleting.connect
def _require_scope(_: object, form_id: str, caller: Caller) -> None:
    if db.session.scalar(select(Submission.id).where(Submission.form_id == form_id).limit(1)) is not None:
        caller.require_scope("submissions:write")


@signals.form_emptying.connect
def _empty_form(_: object, form_id: str) -> bool:
    # one short transaction per batch lets other writers proceed
    query = select(Submission.id).where(Submission.form_id == form_id).limit(FORM_BATCH_SIZE)
    with write_session():
        ids = db.session.scalars(query).all()
        if ids:
            erase(ids)
        db.session.commit()
    return len(ids) == FORM_BATCH_SIZE


@signals.form_erasing.connect
def _erase_with_form(_: object, form_id: str) -> None:
    erase(select(Submission.id).where(Submission.form_id == form_id))


@signals.account_erasing.connect
def _erase_with_account(_: object, account_id: uuid.UUID) -> None:
    erase(select(Submission.id).join(Form, Form.id == Submission.form_id).where(Form.owner_id == account_id))
