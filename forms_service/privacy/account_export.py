"""What the export of an account holds of its submissions."""

import uuid
from itertools import chain
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.signals import account_exporting
from forms_service.submissions.models import STATUSES
from forms_service.submissions.queries import Filter, Found, batches, files_of
from forms_service.submissions.serialization import as_dict

MAX_SUBMISSIONS = 10_000
MAX_CHARACTERS = 8 * 2**20
"""What of all submissions goes into the one document, which is made in memory. A form that has more than is left of
this is named instead, with the address of its own export, which is streamed.
"""


def init_app(_: Flask) -> None:
    """Add an account's submissions to its export."""
    account_exporting.connect(add_submissions)


def add_submissions(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    """Add them to the document."""
    shown: list[dict[str, Any]] = []
    elsewhere: dict[str, str] = {}
    left, room = MAX_SUBMISSIONS, MAX_CHARACTERS
    forms = select(Form.id).where(Form.owner_id == account_id, Form.deleted_at.is_(None))
    for form_id in db.session.scalars(forms.order_by(Form.created_at, Form.id)).all():
        found = _all(form_id, left, room)
        if found is None:
            elsewhere[form_id] = f"/api/forms/{form_id}/export?format=jsonl&status={','.join(STATUSES)}"
        else:
            left, room = left - len(found), room - sum(len(submission.data) for submission in found)
            files = files_of(found)
            shown += [as_dict(submission, files.get(submission.id, ())) for submission in found]
    document["submissions"] = shown
    document["submissions_elsewhere"] = elsewhere


def _all(form_id: str, left: int, room: int) -> list[Found] | None:
    """A form's submissions, or None when there is no room for all of them."""
    found: list[Found] = []
    for submission in chain.from_iterable(batches(form_id, Filter(STATUSES))):
        found.append(submission)
        room -= len(submission.data)
        if len(found) > left or room < 0:
            return None
    return found
