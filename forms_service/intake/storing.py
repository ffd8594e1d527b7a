"""Storing submissions: all rows of one in one commit, and each of them once, on both databases."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Flask, current_app
from sqlalchemy import delete
from sqlalchemy.exc import DataError, IntegrityError

from forms_service.background import periodic
from forms_service.database.group_commit import GroupCommit
from forms_service.database.transactions import write_connection
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.encryption.compiled_sql import EncryptedInsert, pipeline
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.cache import FORM_NOT_FOUND
from forms_service.intake.deduplication import (
    IDEMPOTENCY_KEY_TTL,
    DuplicateKey,
    NewSubmission,
    Outcome,
    StoreResult,
    decide,
    find_duplicate,
    is_full,
)
from forms_service.intake.in_flight import InFlight
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.uploads.models import File

SUBMISSIONS = EncryptedInsert(Submission.__table__)
PEOPLE = EncryptedInsert(SubmissionEmail.__table__)
FILES = EncryptedInsert(File.__table__)
KEYS = EncryptedInsert(IdempotencyKey.__table__)

SWEEP_SECONDS = 3600


def init_app(app: Flask) -> None:
    """On SQLite, where one writes at a time, those who wait share a commit; PostgreSQL does that by itself."""
    with app.app_context():
        one_writer = db.engine.dialect.name == "sqlite"
    in_hand: InFlight = app.extensions["running"]
    app.extensions["is_full"] = is_full
    app.extensions["storing"] = GroupCommit(_store_batch, in_hand.count).submit if one_writer else _store_one
    periodic.register(app, "idempotency keys", SWEEP_SECONDS, delete_expired_keys)


def store(new: NewSubmission) -> StoreResult:
    """Commit a submission, or find the one that it repeats.

    :raises AuthorizationError: when the form takes no more
    :raises NotFoundError: when the form was deleted meanwhile
    :raises ValidationError: for an idempotency key that came with other content before
    """
    do: Callable[[NewSubmission], StoreResult] = current_app.extensions["storing"]
    if db.session.registry.has():
        db.session.rollback()  # gives back the connection that was read with: whoever stores for all needs one
    return do(new)


def earlier(key: DuplicateKey) -> uuid.UUID | None:
    """The submission that this one repeats, as far as is known before it is stored.

    :raises ValidationError: for an idempotency key that came with other content before
    """
    try:
        return find_duplicate(db.session.connection(), key)
    finally:
        db.session.rollback()


def delete_expired_keys() -> None:
    """Delete the idempotency keys that lead nowhere any more."""
    with write_connection() as connection:
        connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - IDEMPOTENCY_KEY_TTL))


def _store_one(new: NewSubmission) -> StoreResult:
    (outcome,) = _store_batch([new])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _store_batch(batch: Sequence[NewSubmission]) -> list[Outcome]:
    """What became of each; one that the database refuses does not take the others down."""
    try:
        return _insert_batch(batch)
    except (IntegrityError, DataError):
        return [_retry_one(new) for new in batch]


def _retry_one(new: NewSubmission) -> Outcome:
    """Once more: what another process has stored under the same key meanwhile is found now."""
    try:
        return _insert_batch([new])[0]
    except IntegrityError:
        return NotFoundError(FORM_NOT_FOUND)  # it was deleted meanwhile
    except Exception as error:  # noqa: BLE001 (raised again in the thread that it belongs to)
        return error


def _insert_batch(batch: Sequence[NewSubmission]) -> list[Outcome]:
    with write_connection(defer_begin=True) as connection:
        outcomes = decide(connection, batch)
        decided = list(zip(batch, outcomes, strict=True))
        created = [new for new, outcome in decided if isinstance(outcome, StoreResult) and outcome.created]
        messages = [row for new in created for row in new.messages]
        with pipeline(connection):
            SUBMISSIONS.execute(connection, [new.submission for new in created])
            PEOPLE.execute(connection, [row for new in created for row in new.people])
            FILES.execute(connection, [row for new in created for row in new.files])
            KEYS.execute(connection, list(_key_rows(decided)))
            outbox.insert_rows(connection, messages)
    if messages:
        outbox.wake_worker()
    return outcomes


def _key_rows(decided: Sequence[tuple[NewSubmission, Outcome]]) -> Iterator[dict[str, Any]]:
    """Which key leads to which submission from now on."""
    for new, outcome in decided:
        if not isinstance(outcome, StoreResult):
            continue
        for key_hash in outcome.new_keys:
            yield KEYS.prepare(
                form_id=new.duplicate_key.form.id,
                key_hash=key_hash,
                content_hash=new.duplicate_key.content_hash,
                submission_id=outcome.id,
                created_at=now(),
            )
