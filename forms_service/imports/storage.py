"""Stores imported answers in batches, each once however often the file is imported."""

import hashlib
import json
import secrets
import sqlite3
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from flask import current_app
from sqlalchemy import select

from forms_service.accounts import audit
from forms_service.database.transactions import give_way, lock_until_commit, write_session
from forms_service.encryption.compiled_sql import Row, insert_rows, prepare_rows
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.forms.models import Form
from forms_service.imports.answers import Answer
from forms_service.imports.sources.records import Record
from forms_service.intake.storing import EMAILS, SUBMISSIONS
from forms_service.security.key_ring import KeyRing
from forms_service.submissions.models import Submission

BATCH_SIZE = 400
"""Answers per commit; below the limit of SQLite's parameters."""

BATCH_SIZE_CHARACTERS = 2**20
CONTEXT = "submissions.imported"
DELETED = "The form was deleted meanwhile."


class Identities:
    """Hashes an answer's origin: its id there, else time and values, numbered since people repeat themselves.

    The numbers are in a temporary file, for files of any length.
    """

    def __init__(self, source: str, form_id: str, ring: KeyRing) -> None:
        self._source, self._form_id, self._ring = source, form_id, ring
        self._counts = sqlite3.connect("")
        self._counts.execute("CREATE TABLE counts (hash BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")

    def of(self, record: Record) -> bytes:
        if record.id is not None:
            return self._index([self._source, record.id])
        content = json.dumps([record.sent_at, record.values], default=str)
        digest = hashlib.sha256(content.encode("utf-8", "replace")).digest()[:16]
        upsert = "INSERT INTO counts VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"
        ((number,),) = self._counts.execute(upsert, (digest,)).fetchall()
        return self._index([content, number])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._counts.close()

    def _index(self, origin: Sequence[Any]) -> bytes:
        return self._ring.index(json.dumps([self._form_id, *origin]), CONTEXT)


class Store:
    """Writes batches to one form."""

    def __init__(self, form: PublishedForm, source: str, ring: KeyRing) -> None:
        self._form, self._source, self._ring = form, source, ring
        self._is_recorded = False

    def count(self, batch: Sequence[Answer]) -> tuple[int, int]:
        """Return what `add` would."""
        new, existing = self._new(batch)
        db.session.rollback()
        return len(new), existing

    def add(self, batch: Sequence[Answer]) -> tuple[int, int]:
        """Commit a batch; return how many were stored, and how many the form had already.

        :raises NotFoundError: when the form was deleted
        """
        new, _ = self._new(batch)
        rows = [row for answer in new for row in self._rows(answer)]
        db.session.rollback()
        if not rows:
            return 0, len(batch)
        prepared = prepare_rows(rows, current_app.extensions["engine"].dialect, self._ring)
        started = time.monotonic()
        with write_session():
            # another import of the same file waits here, and then skips what this one stored
            lock_until_commit(hashlib.sha256(f"import {self._form.id}".encode()).digest())
            if db.session.scalar(select(Form.deleted_at.is_(None)).where(Form.id == self._form.id)) is not True:
                raise NotFoundError(DELETED)
            is_fresh = not self._new(new)[1]
            if is_fresh:
                insert_rows(db.session.connection(), prepared)
                self._record()
                db.session.commit()
        if not is_fresh:
            return self.add(batch)
        self._is_recorded = True
        give_way(started)
        return len(new), len(batch) - len(new)

    def _record(self) -> None:
        if not self._is_recorded:
            details = {"form_id": self._form.id, "format": self._source}
            audit.record("submissions_imported", account_id=self._form.owner_id, details=details)

    def _new(self, batch: Sequence[Answer]) -> tuple[list[Answer], int]:
        """Return the answers that are not stored yet, and how many are."""
        columns = select(Submission.content_hash).where(
            Submission.content_hash.in_([answer.identity for answer in batch]), Submission.form_id == self._form.id
        )
        seen = {bytes(identity) for identity in db.session.scalars(columns)}
        ids = [answer.id for answer in batch if answer.id]
        forms_by_id = dict(
            db.session.execute(select(Submission.id, Submission.form_id).where(Submission.id.in_(ids))).all()
        )
        new = []
        for answer in batch:
            if answer.identity in seen or (answer.id and forms_by_id.get(answer.id) == self._form.id):
                continue
            seen.add(answer.identity)
            if answer.id in forms_by_id:
                answer.id = None  # another form has this submission
            new.append(answer)
        return new, len(batch) - len(new)

    def _rows(self, answer: Answer) -> list[Row]:
        id_ = answer.id or id_at(answer.created_at)
        submission = {
            "id": id_,
            "form_id": self._form.id,
            "form_version": self._form.version,
            "status": answer.status,
            "read": answer.read,
            "data": answer.data,
            "control": answer.control,
            "spam_reasons": answer.spam_reasons,
            "client": None,
            "content_hash": answer.identity,
            "fingerprint": answer.identity,
            "created_at": answer.created_at,
            "marked_spam_at": None,
        }
        emails = [(EMAILS, {"email_index": index, "submission_id": id_}) for index in answer.email_indexes]
        return [(SUBMISSIONS, submission), *emails]


def id_at(moment: datetime) -> uuid.UUID:
    """Return a UUIDv7 of that time, so that ids sort by it."""
    milliseconds = int(moment.timestamp() * 1000)
    number = (milliseconds << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return uuid.UUID(int=number)
