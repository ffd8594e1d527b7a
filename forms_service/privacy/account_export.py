"""Adds submissions to the account export."""

import uuid
from itertools import chain
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.replies import proofs
from forms_service.signals import account_exporting
from forms_service.submissions.models import STATUSES
from forms_service.submissions.queries import Filter, SubmissionRow, batches, files_of
from forms_service.submissions.serialization import as_dict

MAX_SUBMISSIONS = 10_000
MAX_CHARACTERS = 8 * 2**20
"""Larger forms are listed with their export's URL."""


def init_app(_: Flask) -> None:
    account_exporting.connect(add_submissions)


def add_submissions(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    submissions: list[dict[str, Any]] = []
    elsewhere: dict[str, str] = {}
    left, characters_left = MAX_SUBMISSIONS, MAX_CHARACTERS
    forms = select(Form.id).where(Form.owner_id == account_id, Form.deleted_at.is_(None))
    for form_id in db.session.scalars(forms.order_by(Form.created_at, Form.id)).all():
        rows = _load_all(form_id, left, characters_left)
        if rows is None:
            elsewhere[form_id] = f"/api/forms/{form_id}/export?format=jsonl&status={','.join(STATUSES)}"
        else:
            left, characters_left = left - len(rows), characters_left - sum(len(submission.data) for submission in rows)
            files, opt_ins = files_of(rows), proofs.load([submission.id for submission in rows])
            submissions += [
                as_dict(submission, files.get(submission.id, ()), opt_ins.get(submission.id)) for submission in rows
            ]
    document["submissions"] = submissions
    document["submissions_elsewhere"] = elsewhere


def _load_all(form_id: str, left: int, characters_left: int) -> list[SubmissionRow] | None:
    rows: list[SubmissionRow] = []
    for submission in chain.from_iterable(batches(form_id, Filter(STATUSES))):
        rows.append(submission)
        characters_left -= len(submission.data)
        if len(rows) > left or characters_left < 0:
            return None
    return rows
