"""Limits the bytes of files per form and owner.

Totals are cached for 100 times as long as counting took; a refusal counts again.
"""

import math
import threading
import time
import uuid
from functools import partial
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, func, select

from forms_service.config import settings
from forms_service.database.transactions import on_commit
from forms_service.errors import AuthorizationError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.forms.models import Form
from forms_service.signals import form_transferring
from forms_service.submissions.models import STATUSES, Submission
from forms_service.uploads.models import File

MAX_REMEMBERED = 10_000
MIN_INTERVAL = 1.0
"""Shortest caching, in seconds."""


def init_app(app: Flask) -> None:
    """Create the app's cache of totals."""
    app.extensions["storage_use"] = StorageUse()


class StorageUse:
    """Cached bytes by form and account."""

    def __init__(self) -> None:
        self._counts: dict[object, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def of(self, key: object, query: Select[Any], *, fresh: bool) -> int:
        count, good_until = self._counts.get(key, (0, 0.0))
        began = time.monotonic()
        if not fresh and began < good_until:
            return count
        count = int(db.session.scalar(query) or 0)
        db.session.rollback()  # release the connection while the client uploads
        ended = time.monotonic()
        with self._lock:
            if len(self._counts) >= MAX_REMEMBERED:
                self._counts.clear()
            self._counts[key] = (count, ended + max(MIN_INTERVAL, 100 * (ended - began)))
        return count

    def forget(self, *keys: object) -> None:
        with self._lock:
            for key in keys:
                self._counts.pop(key, None)

    def add(self, key: object, size: int) -> None:
        with self._lock:
            if key in self._counts:
                count, good_until = self._counts[key]
                self._counts[key] = (count + size, good_until)


class Allowance:
    """Bytes that a submission may still store."""

    def __init__(self, form: PublishedForm) -> None:
        self._form = form
        self._is_fresh = False
        self._bytes_left = math.inf if not (settings.form_storage or settings.account_storage) else 0.0

    def covers(self, size: int) -> bool:
        if size > self._bytes_left:
            self._bytes_left = _bytes_left(self._form, fresh=False)
        if size > self._bytes_left and not self._is_fresh:
            self._bytes_left, self._is_fresh = _bytes_left(self._form, fresh=True), True
        return size <= self._bytes_left

    def spend(self, size: int) -> None:
        use = _storage_use()
        use.add(self._form.id, size)
        use.add(self._form.owner_id, size)


@form_transferring.connect
def _follow_form(_: object, form_id: str, owner_id: uuid.UUID, previous_id: uuid.UUID) -> None:
    """Check that the new owner, who has the form already in this transaction, has room for its files."""
    forms = select(Form.id).where(Form.owner_id == owner_id, Form.deleted_at.is_(None))
    use = int(db.session.scalar(_sum_bytes(Submission.form_id.in_(forms))) or 0) if settings.account_storage else 0
    if use > settings.account_storage and bytes_of_form(form_id):
        message = "The new owner's account has no room for the files of this form. Delete some of them first."
        raise AuthorizationError(message, details={"quota": "ACCOUNT_STORAGE", "limit": settings.account_storage})
    on_commit(partial(_storage_use().forget, owner_id, previous_id))


def bytes_of_form(form_id: str) -> int:
    """Return the bytes of a form's files."""
    return int(db.session.scalar(_sum_bytes(Submission.form_id == form_id)) or 0)


def _bytes_left(form: PublishedForm, *, fresh: bool) -> float:
    storage, limits = _storage_use(), [math.inf]
    if settings.form_storage:
        limits.append(
            settings.form_storage - storage.of(form.id, _sum_bytes(Submission.form_id == form.id), fresh=fresh)
        )
    if settings.account_storage:
        forms = select(Form.id).where(Form.owner_id == form.owner_id, Form.deleted_at.is_(None))
        query = _sum_bytes(Submission.form_id.in_(forms))
        limits.append(settings.account_storage - storage.of(form.owner_id, query, fresh=fresh))
    return min(limits)


def _sum_bytes(of: ColumnElement[bool]) -> Select[Any]:
    query = select(func.coalesce(func.sum(File.size), 0)).join(Submission, Submission.id == File.submission_id)
    return query.where(of, Submission.status.in_(STATUSES))


def _storage_use() -> StorageUse:
    return cast("StorageUse", current_app.extensions["storage_use"])
