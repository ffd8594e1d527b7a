"""Stores a submission in one commit, exactly once."""

import uuid
from collections.abc import Collection, Iterator, Sequence

from flask import Flask, current_app
from sqlalchemy import delete
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from forms_service.background import periodic
from forms_service.database.group_commit import GroupCommit
from forms_service.database.postgres import is_lock_conflict
from forms_service.database.transactions import write_connection
from forms_service.database.types import new_id, now
from forms_service.delivery import outbox
from forms_service.encryption.compiled_sql import EncryptedInsert, Row, insert_rows, prepare_rows
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.cache import FORM_NOT_FOUND
from forms_service.intake.deduplication import (
    IDEMPOTENCY_KEY_TTL,
    NewSubmission,
    Outcome,
    StoreResult,
    decide,
    find_duplicate,
    find_recent,
    is_full,
)
from forms_service.intake.in_flight import InFlight
from forms_service.replies import opt_in
from forms_service.security.key_ring import KeyRing
from forms_service.submissions import events
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.serialization import to_json
from forms_service.uploads.models import File
from forms_service.uploads.multipart_upload import build_file_rows

SUBMISSIONS = EncryptedInsert(Submission.__table__)
EMAILS = EncryptedInsert(SubmissionEmail.__table__)
FILES = EncryptedInsert(File.__table__)
KEYS = EncryptedInsert(IdempotencyKey.__table__)

SWEEP_SECONDS = 3600


class BatchRefusedError(Exception):
    """One of a batch cannot be stored, or not now: each has to be stored alone."""


def init_app(app: Flask) -> None:
    """Commit the submissions of all threads in groups, over one connection."""
    in_flight: InFlight = app.extensions["in_flight"]
    app.extensions["is_full"] = is_full
    app.extensions["group_commit"] = GroupCommit(_store_batch, in_flight.threads)
    periodic.register(app, "idempotency keys", SWEEP_SECONDS, delete_expired_keys)


def add_rows(
    new: NewSubmission,
    parsed: ParsedSubmission,
    *,
    client: str | None,
    reasons: Sequence[str],
    email_indexes: Collection[bytes],
    ring: KeyRing,
) -> None:
    """Prepare rows before the transaction: encryption holds up no other writer."""
    form = new.form
    new.id, created_at, new.spam = new_id(), now(), bool(reasons)
    asks = form.settings.double_opt_in is not None and not reasons
    submission = {
        "id": new.id,
        "form_id": form.id,
        "form_version": form.version,
        "status": "spam" if reasons else "unconfirmed" if asks else "inbox",
        "read": False,
        "data": to_json(parsed.data),
        "control": to_json(parsed.control) if parsed.control else None,
        "spam_reasons": " ".join(reasons),
        "client": client,
        "content_hash": new.content_hash,
        "fingerprint": new.fingerprint,
        "created_at": created_at,
        "marked_spam_at": None,
    }
    rows: list[Row] = [(SUBMISSIONS, submission)]
    rows += [(EMAILS, {"email_index": index, "submission_id": new.id}) for index in email_indexes]
    if parsed.uploads:
        rows += [(FILES, row) for row in build_file_rows(new.id, parsed.uploads)]
    if asks:
        rows += opt_in.build_rows(form, new.id, parsed)
    elif not reasons:
        event = events.SubmissionEvent(events.CREATED, form, new.id, parsed.data, parsed.control, parsed.by_webhook)
        rows += events.outbox_rows(event)
    new.rows = prepare_rows(rows, current_app.extensions["engine"].dialect, ring)


def store(new: NewSubmission) -> StoreResult:
    """Commit a submission, or find the one it repeats.

    :raises AuthorizationError: when the quota is reached
    :raises NotFoundError: when the form was deleted meanwhile
    :raises ValidationError: for an idempotency key reused with other content
    """
    group: GroupCommit[NewSubmission, StoreResult] = current_app.extensions["group_commit"]
    if db.session.registry.has():
        db.session.rollback()  # releases the connection: the thread that commits for all needs one
    try:
        return group.submit(new)
    except BatchRefusedError:
        return _store_alone(new)


def find_stored(new: NewSubmission) -> uuid.UUID | None:
    """Find the one it repeats, before its transaction; raises like `store`."""
    try:
        connection = db.session.connection()
        outcome = find_duplicate(connection, new, find_recent(connection, [new]))
    finally:
        db.session.rollback()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome.id if outcome else None


def delete_expired_keys() -> None:
    with write_connection() as connection:
        connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - IDEMPOTENCY_KEY_TTL))


def _store_batch(batch: Sequence[NewSubmission]) -> list[Outcome]:
    try:
        return _insert_batch(batch)
    except (IntegrityError, DataError) as error:
        raise BatchRefusedError from error
    except OperationalError as error:
        if not is_lock_conflict(error):
            raise
        raise BatchRefusedError from error


def _store_alone(new: NewSubmission) -> StoreResult:
    try:
        # finds a duplicate that another process committed meanwhile
        (outcome,) = _insert_batch([new], alone=True)
    except IntegrityError:
        raise NotFoundError(FORM_NOT_FOUND) from None  # the form was deleted meanwhile
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _insert_batch(batch: Sequence[NewSubmission], *, alone: bool = False) -> list[Outcome]:
    with write_connection() as connection:
        outcomes = decide(connection, batch, patient=alone)
        rows: list[Row] = []
        for new, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, StoreResult):
                rows += new.rows if outcome.created else ()
                rows += prepare_rows(list(_key_rows(new, outcome)), connection.dialect) if outcome.new_keys else ()
        # alone it may wait long for a lock: a COMMIT already sent would store what was answered with 503
        insert_rows(connection, rows, commit=not alone)
    if outbox.ROWS in dict(rows):
        outbox.wake_worker()
    return outcomes


def _key_rows(new: NewSubmission, result: StoreResult) -> Iterator[Row]:
    for key_hash in result.new_keys:
        values = {
            "form_id": new.form.id,
            "key_hash": key_hash,
            "content_hash": new.content_hash,
            "submission_id": result.id,
            "created_at": now(),
        }
        yield KEYS, values
