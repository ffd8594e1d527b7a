"""Deduplication and quotas, inside the storing transaction so that they cannot race."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, Select, bindparam, delete, func, select

from forms_service.database.round_trip import BYTEA, Statement, encode_time, execute_together
from forms_service.database.types import now
from forms_service.encryption.compiled_sql import CompiledQuery, Row, lock_statement
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms import availability
from forms_service.forms.cache import PublishedForm
from forms_service.forms.models import Form
from forms_service.languages.formats import ENGLISH
from forms_service.languages.sentences import N_
from forms_service.security.key_ring import KeyRing
from forms_service.submissions.models import IdempotencyKey, Submission
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.serialization import to_json

DUPLICATE_WINDOW = timedelta(seconds=10)
"""Covers double clicks and retries."""

IDEMPOTENCY_KEY_TTL = timedelta(hours=24)
KEY_HEADER = "Idempotency-Key"

CONTENT_CONTEXT = "submissions.content_hash"
FINGERPRINT_CONTEXT = "submissions.fingerprint"
KEY_CONTEXT = "idempotency_keys.key_hash"

RECENT = "SELECT fingerprint, id FROM submissions WHERE content_hash = ANY($1::bytea[]) AND created_at > $2"

LIMIT_WAIT_IN_GROUP = Statement("SET LOCAL lock_timeout = '200ms'")
"""One that has to wait longer must not hold up the others: then each is stored alone."""

LIMIT_WAIT_ALONE = Statement("SET LOCAL lock_timeout = '1s'")
"""It may have waited behind a group and in one already, and answers within 2 s."""

LOCK_FORMS = select(Form.id).where(Form.id.in_(bindparam("ids", expanding=True))).order_by(Form.id)


class KeyHashes(NamedTuple):
    """Key hashes: with the client, and with the content since addresses change."""

    client: bytes
    content: bytes
    bare: bytes
    """For rows stored before keys were bound to clients."""

    @property
    def stored(self) -> tuple[bytes, bytes]:
        return self.client, self.content


@dataclass
class NewSubmission:
    form: PublishedForm
    content_hash: bytes
    """Keyed hash of form and content."""

    fingerprint: bytes
    """Keyed hash of form, content and client."""

    keys: KeyHashes | None = None
    language: str = ENGLISH
    """Of a refusal."""

    id: uuid.UUID = field(init=False)
    """Set with the rows: ids sort by storage time."""

    spam: bool = False
    rows: list[Row] = field(default_factory=list)


class StoreResult(NamedTuple):
    """`created` is false for a duplicate."""

    id: uuid.UUID
    created: bool
    new_keys: tuple[bytes, ...] = ()


Outcome = StoreResult | Exception


def identify(
    form: PublishedForm, parsed: ParsedSubmission, client: str, key: str | None, ring: KeyRing
) -> NewSubmission:
    """Hash form, content and client, without CAPTCHA tokens, which change on retries."""
    files = [[upload.field, upload.name, upload.content_type, upload.digest.hex()] for upload in parsed.uploads]
    sent = to_json([form.id, parsed.data, parsed.control, parsed.honeypots, files])
    content_hash = ring.index(sent, CONTENT_CONTEXT)
    content = content_hash.hex()
    fingerprint = ring.index(f"{client} {content}", FINGERPRINT_CONTEXT)
    keys = None
    if key:
        keys = KeyHashes(
            client=ring.index(f"client {client} {key}", KEY_CONTEXT),
            content=ring.index(f"content {content} {key}", KEY_CONTEXT),
            bare=ring.index(key, KEY_CONTEXT),
        )
    return NewSubmission(form, content_hash, fingerprint, keys, parsed.language)


def decide(connection: Connection, batch: Sequence[NewSubmission], *, patient: bool) -> list[Outcome]:
    """Decide each outcome in order; unless `patient`, without waiting long for a lock."""
    recent = find_recent(connection, batch, patient=patient)
    _lock_forms(connection, batch)
    counts: dict[str, int] = {}
    outcomes: list[Outcome] = []
    for new in batch:
        outcome = find_duplicate(connection, new, recent)
        if outcome is None and _fits_quota(connection, new, counts):
            outcome = StoreResult(new.id, created=True, new_keys=new.keys.stored if new.keys else ())
            recent[new.fingerprint] = new.id
        outcomes.append(outcome or availability.full(new.form.in_language(new.language)).error())
    return outcomes


def find_duplicate(connection: Connection, new: NewSubmission, recent: Mapping[bytes, uuid.UUID]) -> Outcome | None:
    """Return the submission repeated, by idempotency key or by `recent` fingerprints."""
    earlier = _find_by_key(connection, new.form.id, new.keys, new.content_hash) if new.keys else None
    if earlier is None and new.fingerprint in recent:
        new_keys = new.keys.stored if new.keys else ()
        return StoreResult(recent[new.fingerprint], created=False, new_keys=new_keys)
    return earlier


def find_recent(
    connection: Connection, batch: Sequence[NewSubmission], *, patient: bool = True
) -> dict[bytes, uuid.UUID]:
    """Return fingerprint → id of recent submissions with the batch's contents."""
    since = now() - DUPLICATE_WINDOW
    if connection.dialect.name == "postgresql":
        return _find_recent_on_postgresql(connection, batch, since, patient=patient)
    values: dict[str, Any] = {f"hash{number}": new.content_hash for number, new in enumerate(batch)}
    rows = _recent_query(len(batch)).all(connection, {**values, "since": since})
    return {bytes(fingerprint): submission_id for fingerprint, submission_id in rows}


def _find_recent_on_postgresql(
    connection: Connection, batch: Sequence[NewSubmission], since: datetime, *, patient: bool
) -> dict[bytes, uuid.UUID]:
    hashes = BYTEA.array(new.content_hash for new in batch)
    limit_wait = LIMIT_WAIT_ALONE if patient else LIMIT_WAIT_IN_GROUP
    recent = Statement(RECENT, (hashes, encode_time(since)))
    *_, rows = execute_together(connection, [limit_wait, lock_statement(_hashes_of(batch)), recent])
    return {fingerprint: uuid.UUID(bytes=submission_id) for fingerprint, submission_id in rows}


def _hashes_of(batch: Sequence[NewSubmission]) -> Iterator[bytes]:
    for new in batch:
        yield new.fingerprint
        yield from new.keys.stored if new.keys else ()


def _lock_forms(connection: Connection, batch: Sequence[NewSubmission]) -> None:
    """Lock forms with a quota, so that concurrent counters serialise on PostgreSQL."""
    ids = sorted({new.form.id for new in batch if new.form.settings.max_submissions is not None})
    if ids and connection.dialect.name == "postgresql":
        connection.execute(LOCK_FORMS.with_for_update(key_share=True), {"ids": ids})


@cache
def _recent_query(count: int) -> CompiledQuery:
    return CompiledQuery(lambda: _recent_select(count))


def _recent_select(count: int) -> Select[*tuple[Any, ...]]:
    hashes = [bindparam(f"hash{number}", type_=LargeBinary) for number in range(count)]
    columns = select(Submission.fingerprint, Submission.id)
    return columns.where(Submission.content_hash.in_(hashes), Submission.created_at > bindparam("since"))


def _find_by_key(connection: Connection, form_id: str, keys: KeyHashes, content_hash: bytes) -> Outcome | None:
    same = (IdempotencyKey.form_id == form_id, IdempotencyKey.key_hash.in_(keys))
    columns = (IdempotencyKey.key_hash, IdempotencyKey.content_hash, IdempotencyKey.submission_id)
    oldest = now() - IDEMPOTENCY_KEY_TTL
    rows = connection.execute(select(*columns, IdempotencyKey.created_at).where(*same)).all()
    if any(row.created_at < oldest for row in rows):
        connection.execute(delete(IdempotencyKey).where(*same, IdempotencyKey.created_at < oldest))
    alive = {bytes(row.key_hash): row for row in rows if row.created_at >= oldest}
    # another client's key matches only with the same content
    row = alive.get(keys.client) or alive.get(keys.content)
    if row is None:
        bare = alive.get(keys.bare)
        row = bare if bare and bytes(bare.content_hash) == content_hash else None
    if row is None:
        return None
    if bytes(row.content_hash) != content_hash:
        return ValidationError(
            {KEY_HEADER: [FieldError(N_("This key was already used with different content."), "key_reused")]}
        )
    new_keys = tuple(key for key in keys.stored if key not in alive)
    return StoreResult(row.submission_id, created=False, new_keys=new_keys)


def is_full(form: PublishedForm) -> bool:
    """Whether the quota is reached; only the storing transaction enforces it."""
    limit = form.settings.max_submissions
    return limit is not None and db.session.execute(_count_query(form.id)).scalar_one() >= limit


def _count_query(form_id: str) -> Select[int]:
    return select(func.count()).where(Submission.form_id == form_id, Submission.status != "spam")


def _fits_quota(connection: Connection, new: NewSubmission, counts: dict[str, int]) -> bool:
    limit = new.form.settings.max_submissions
    if limit is None:
        return True
    form_id = new.form.id
    if form_id not in counts:
        counts[form_id] = connection.execute(_count_query(form_id)).scalar_one()
    if counts[form_id] >= limit:
        return False
    counts[form_id] += not new.spam
    return True
