"""Adds blind indexes of addresses that older versions did not recognize."""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from forms_service.accounts import audit
from forms_service.database.transactions import write_session
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import PayloadTooLargeError
from forms_service.extensions import db
from forms_service.submissions.email_addresses import email_indexes
from forms_service.submissions.models import Submission, SubmissionEmail

BATCH_SIZE = 500
"""Submissions per commit."""


def index_all() -> Iterator[int]:
    """Add missing index rows; yield their number per batch. Safe to interrupt and repeat."""
    audit.note("submissions_indexed")
    last: uuid.UUID | None = None
    while True:
        with write_session():
            batch = db.session.execute(_select_batch(last)).all()
            if not batch:
                return
            missing = _missing_rows(batch)
            if missing:
                db.session.execute(insert(SubmissionEmail), missing)
            db.session.commit()
        last = batch[-1].id
        yield len(missing)


def _select_batch(last: uuid.UUID | None) -> Any:
    query = select(Submission.id, Submission.data, Submission.control).order_by(Submission.id).limit(BATCH_SIZE)
    # PostgreSQL: lock the rows, so that none is erased before its addresses are stored
    query = query.with_for_update(read=True, key_share=True)
    return query if last is None else query.where(Submission.id > last)


def _missing_rows(batch: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    ids = [row.id for row in batch]
    columns = select(SubmissionEmail.submission_id, SubmissionEmail.email_index).where(
        SubmissionEmail.submission_id.in_(ids)
    )
    existing = {(submission_id, bytes(index)) for submission_id, index in db.session.execute(columns)}
    return [
        {"submission_id": row.id, "email_index": index}
        for row in batch
        for index in _indexes(row)
        if (row.id, index) not in existing
    ]


def _indexes(row: Row[Any]) -> set[bytes]:
    try:
        data, control = json.loads(row.data or "{}"), json.loads(row.control or "{}")  # empty if undecryptable
        return email_indexes(data, control, current_key_ring())
    except PayloadTooLargeError:  # accepted when repeated addresses did not count
        return set()
