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
from forms_service.intake.deduplication import KEY_LIFE, Entry, Mark, Outcome, Stored, decide, is_full, known
from forms_service.intake.in_flight import Running
from forms_service.submissions.models import IdempotencyKey, Person, Submission
from forms_service.uploads.models import File

SUBMISSIONS = EncryptedInsert(Submission.__table__)
PEOPLE = EncryptedInsert(Person.__table__)
FILES = EncryptedInsert(File.__table__)
KEYS = EncryptedInsert(IdempotencyKey.__table__)

SWEEP_SECONDS = 3600


def init_app(app: Flask) -> None:
    """On SQLite, where one writes at a time, those who wait share a commit; PostgreSQL does that by itself."""
    with app.app_context():
        one_writer = db.engine.dialect.name == "sqlite"
    in_hand: Running = app.extensions["running"]
    app.extensions["is_full"] = is_full
    app.extensions["storing"] = GroupCommit(_store, in_hand.count).submit if one_writer else _alone
    periodic.register(app, "idempotency keys", SWEEP_SECONDS, forget_old_keys)


def store(entry: Entry) -> Stored:
    """Commit a submission, or find the one that it repeats.

    :raises AuthorizationError: when the form takes no more
    :raises NotFoundError: when the form was deleted meanwhile
    :raises ValidationError: for an idempotency key that came with other content before
    """
    do: Callable[[Entry], Stored] = current_app.extensions["storing"]
    if db.session.registry.has():
        db.session.rollback()  # gives back the connection that was read with: whoever stores for all needs one
    return do(entry)


def earlier(mark: Mark) -> uuid.UUID | None:
    """The submission that this one repeats, as far as is known before it is stored.

    :raises ValidationError: for an idempotency key that came with other content before
    """
    try:
        return known(db.session.connection(), mark)
    finally:
        db.session.rollback()


def forget_old_keys() -> None:
    """Delete the idempotency keys that lead nowhere any more."""
    with write_connection() as connection:
        connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEY_LIFE))


def _alone(entry: Entry) -> Stored:
    (outcome,) = _store([entry])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _store(entries: Sequence[Entry]) -> list[Outcome]:
    """What became of each; one that the database refuses does not take the others down."""
    try:
        return _together(entries)
    except (IntegrityError, DataError):
        return [_by_itself(entry) for entry in entries]


def _by_itself(entry: Entry) -> Outcome:
    """Once more: what another process has stored under the same key meanwhile is found now."""
    try:
        return _together([entry])[0]
    except IntegrityError:
        return NotFoundError(FORM_NOT_FOUND)  # it was deleted meanwhile
    except Exception as error:  # noqa: BLE001 (raised again in the thread that it belongs to)
        return error


def _together(entries: Sequence[Entry]) -> list[Outcome]:
    with write_connection(defer_begin=True) as connection:
        outcomes = decide(connection, entries)
        decided = list(zip(entries, outcomes, strict=True))
        fresh = [entry for entry, outcome in decided if isinstance(outcome, Stored) and outcome.fresh]
        messages = [row for entry in fresh for row in entry.messages]
        with pipeline(connection):
            SUBMISSIONS.execute(connection, [entry.submission for entry in fresh])
            PEOPLE.execute(connection, [row for entry in fresh for row in entry.people])
            FILES.execute(connection, [row for entry in fresh for row in entry.files])
            KEYS.execute(connection, list(_new_keys(decided)))
            outbox.insert_rows(connection, messages)
    if messages:
        outbox.wake_worker()
    return outcomes


def _new_keys(decided: Sequence[tuple[Entry, Outcome]]) -> Iterator[dict[str, Any]]:
    """Which key leads to which submission from now on."""
    for entry, outcome in decided:
        if not isinstance(outcome, Stored):
            continue
        for key_hash in outcome.new_keys:
            yield KEYS.prepare(
                form_id=entry.mark.form.id,
                key_hash=key_hash,
                content_hash=entry.mark.content_hash,
                submission_id=outcome.id,
                created_at=now(),
            )
