"""Retention: erases expired submissions, in small batches that let others write."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

from flask import Flask
from sqlalchemy import ColumnElement, delete, func, select, tuple_

from forms_service.background import periodic
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.encryption.associated_data import Unreadable
from forms_service.extensions import db
from forms_service.form_schema.settings import load_settings
from forms_service.forms.models import Form, FormVersion
from forms_service.forms.quotas import NEWEST_VERSIONS
from forms_service.signals import form_versioning
from forms_service.submissions import deletion
from forms_service.submissions.deletion import BATCH_SIZE
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import Filter, Position, newest_ids, of_form
from forms_service.virus_scanner.clamd import INFECTED

SWEEP_INTERVAL = 3600
MAX_SPAM = 1000
"""Per form; the oldest go first."""

Condition = ColumnElement[bool]


def init_app(app: Flask) -> None:
    periodic.register(app, "retention", SWEEP_INTERVAL, sweep)


def sweep() -> None:
    """Erase expired submissions and unused old versions."""
    too_many = select(FormVersion.form_id).group_by(FormVersion.form_id).having(func.count() > NEWEST_VERSIONS)
    for form_id in db.session.scalars(too_many).all():
        with write_session():
            prune_versions(None, form_id=form_id)
            db.session.commit()
    existing = select(Form.id, Form.owner_id, Form.settings).where(Form.deleted_at.is_(None))
    forms = db.session.execute(existing).all()
    for form_id, owner_id, form_settings in forms:
        for condition in _expired(form_id, _days(form_settings)):
            while ids := _select_batch(form_id, condition):
                with write_session():
                    deletion.erase_and_commit(
                        ids, "submissions_expired", account_id=owner_id, details={"form_id": form_id}
                    )


def _days(form_settings: str) -> int | None:
    return None if isinstance(form_settings, Unreadable) else load_settings(json.loads(form_settings)).retention_days


@form_versioning.connect
def prune_versions(_: object, form_id: str) -> None:
    """Delete old versions without submissions, in the caller's transaction."""
    used = select(Submission.form_version).where(Submission.form_id == form_id).distinct()
    newest_one = select(Form.version).where(Form.id == form_id).scalar_subquery()
    old = FormVersion.number <= newest_one - NEWEST_VERSIONS
    db.session.execute(delete(FormVersion).where(FormVersion.form_id == form_id, old, FormVersion.number.not_in(used)))


def _expired(form_id: str, days: int | None) -> Iterator[Condition]:
    if days is not None:
        yield Submission.created_at < now() - timedelta(days=days)
    # the virus scanner may be wrong about a file: what only it objects to is kept like other submissions
    spam = (Submission.status == "spam") & (Submission.spam_reasons != INFECTED)
    marked_at = Submission.marked_spam_at  # a member may have marked an old one a minute ago, by mistake
    kept_since = now() - timedelta(days=settings.spam_retention_days)
    yield spam & (Submission.created_at < kept_since) & (marked_at.is_(None) | (marked_at < kept_since))
    last = _oldest_kept_spam(form_id)
    if last:
        yield spam & (tuple_(Submission.created_at, Submission.id) < last) & marked_at.is_(None)


def _oldest_kept_spam(form_id: str) -> Position | None:
    newest_spam = newest_ids(form_id, Filter(("spam",)), None, MAX_SPAM).offset(MAX_SPAM - 1).limit(1)
    row = db.session.execute(newest_spam).one_or_none()
    return (row.created_at, row.id) if row else None


def _select_batch(form_id: str, condition: Condition) -> list[uuid.UUID]:
    query = select(Submission.id).where(*of_form(form_id), condition).limit(BATCH_SIZE)
    ids = list(db.session.scalars(query))
    db.session.rollback()
    return ids
