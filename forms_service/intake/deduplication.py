"""Whether a submission is new and fits: decided inside the transaction that stores it, so that nobody slips between."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, Select, bindparam, delete, func, select

from forms_service.database.types import now
from forms_service.encryption.compiled_sql import CompiledQuery, execute, pipeline
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import AuthorizationError, FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms.cache import FORM_FULL, PublishedForm
from forms_service.forms.models import Form
from forms_service.submissions.models import IdempotencyKey, Submission
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.serialization import to_json

DUPLICATE_WINDOW = timedelta(seconds=10)
"""How long the same content from the same client is the same submission: a double click, a second try."""

IDEMPOTENCY_KEY_TTL = timedelta(hours=24)
"""How long an idempotency key leads to its first answer."""

KEY_HEADER = "Idempotency-Key"
INACTIVE = "INACTIVE"
"""The reason of a form that takes nothing: closed or full."""

CONTENT_CONTEXT = "submissions.content_hash"
FINGERPRINT_CONTEXT = "submissions.fingerprint"
KEY_CONTEXT = "idempotency_keys.key_hash"

LOCK = "SELECT pg_advisory_xact_lock(%(number)s::bigint)"

Row = dict[str, Any]


class KeyHashes(NamedTuple):
    """An idempotency key, bound to the client that uses it, and bound to the content that came under it.

    The first decides. By the second one a client is known again whose address has changed.
    """

    client: bytes
    content: bytes
    bare: bytes
    """The key alone, as it was stored before keys were bound to clients: a retry after that update finds its row."""

    @property
    def stored(self) -> tuple[bytes, bytes]:
        """The hashes that are written down for a new submission."""
        return self.client, self.content


class DuplicateKey(NamedTuple):
    """By what a submission is known again: its form, its content, who sent it, and its idempotency key."""

    form: PublishedForm
    content_hash: bytes
    fingerprint: bytes
    keys: KeyHashes | None = None


class NewSubmission(NamedTuple):
    """A submission that is ready to be stored: its rows as the driver takes them."""

    duplicate_key: DuplicateKey
    id: uuid.UUID
    spam: bool
    submission: Row
    people: Sequence[Row] = ()
    files: Sequence[Row] = ()
    messages: Sequence[Row] = ()


class StoreResult(NamedTuple):
    """The submission that answers an entry; `fresh` if it is the entry's own, with the hashes of keys that are new."""

    id: uuid.UUID
    created: bool
    new_keys: tuple[bytes, ...] = ()


Outcome = StoreResult | Exception


def decide(connection: Connection, batch: Sequence[NewSubmission]) -> list[Outcome]:
    """What is to become of each, in order; several of one group count as if they came one after the other.

    It begins the transaction on PostgreSQL.
    """
    recent = _find_recent(connection, [new.duplicate_key for new in batch], begin=True)
    counts: dict[str, int] = {}
    outcomes: list[Outcome] = []
    for new in batch:
        outcome = _decide(connection, new, recent, counts)
        outcomes.append(outcome)
        if isinstance(outcome, StoreResult) and outcome.created:
            recent[new.duplicate_key.fingerprint] = outcome.id
    return outcomes


def _decide(
    connection: Connection, new: NewSubmission, recent: dict[bytes, uuid.UUID], counts: dict[str, int]
) -> Outcome:
    key = new.duplicate_key
    earlier = _find_by_key(connection, key.form.id, key.keys, key.content_hash) if key.keys else None
    if earlier is not None:
        return earlier
    new_keys = key.keys.stored if key.keys else ()
    repeated = recent.get(key.fingerprint)
    if repeated:
        return StoreResult(repeated, created=False, new_keys=new_keys)
    if not _fits_quota(connection, new, counts):
        return AuthorizationError(FORM_FULL, details={"reason": INACTIVE})
    return StoreResult(new.id, created=True, new_keys=new_keys)


def find_duplicate(connection: Connection, key: DuplicateKey) -> uuid.UUID | None:
    """The submission that this one repeats, by its key or by its content.

    :raises ValidationError: for a key that came with other content before
    """
    earlier = _find_by_key(connection, key.form.id, key.keys, key.content_hash) if key.keys else None
    if isinstance(earlier, Exception):
        raise earlier
    return earlier.id if earlier else _find_recent(connection, [key]).get(key.fingerprint)


def _find_recent(
    connection: Connection, keys: Sequence[DuplicateKey], *, begin: bool = False
) -> dict[bytes, uuid.UUID]:
    """The submissions of the last seconds by their fingerprints, of which these may be repeats."""
    hashes = {f"hash{number}": key.content_hash for number, key in enumerate(keys)}
    with pipeline(connection, begin=begin):
        if connection.dialect.name == "postgresql":  # on SQLite there is one writer anyway
            for fingerprint in sorted(key.fingerprint for key in keys):
                execute(connection, LOCK, {"number": int.from_bytes(fingerprint[:8], signed=True)})
        fetch = _recent_query(len(keys)).send(connection, {**hashes, "since": now() - DUPLICATE_WINDOW})
    return {bytes(fingerprint): identity for fingerprint, identity in fetch()}


@cache
def _recent_query(count: int) -> CompiledQuery:
    """One for each size of a group, of which SQLite keeps no more than the text."""
    return CompiledQuery(lambda: _recent_select(count))


def _recent_select(count: int) -> Select[*tuple[Any, ...]]:
    hashes = [bindparam(f"hash{number}", type_=LargeBinary) for number in range(count)]
    columns = select(Submission.fingerprint, Submission.id)
    return columns.where(Submission.content_hash.in_(hashes), Submission.created_at > bindparam("since"))


def _find_by_key(connection: Connection, form_id: str, keys: KeyHashes, content_hash: bytes) -> Outcome | None:
    """The answer that the idempotency key leads to already; another client's key leads nowhere but to this content."""
    same = (IdempotencyKey.form_id == form_id, IdempotencyKey.key_hash.in_(keys))
    columns = (IdempotencyKey.key_hash, IdempotencyKey.content_hash, IdempotencyKey.submission_id)
    oldest = now() - IDEMPOTENCY_KEY_TTL
    rows = connection.execute(select(*columns, IdempotencyKey.created_at).where(*same)).all()
    if any(row.created_at < oldest for row in rows):
        connection.execute(delete(IdempotencyKey).where(*same, IdempotencyKey.created_at < oldest))
    alive = {bytes(row.key_hash): row for row in rows if row.created_at >= oldest}
    found = alive.get(keys.client) or alive.get(keys.content)
    if found is None:
        bare = alive.get(keys.bare)
        found = bare if bare and bytes(bare.content_hash) == content_hash else None
    if found is None:
        return None
    if bytes(found.content_hash) != content_hash:
        return ValidationError(
            {KEY_HEADER: [FieldError("This key was already used with different content.", "key_reused")]}
        )
    return StoreResult(
        found.submission_id, created=False, new_keys=tuple(key for key in keys.stored if key not in alive)
    )


def is_full(form: PublishedForm) -> bool:
    """Whether the form has as many submissions as it takes; only the transaction that stores one decides."""
    limit = form.settings.max_submissions
    return limit is not None and db.session.execute(_count_query(form.id)).scalar_one() >= limit


def _count_query(form_id: str) -> Select[int]:
    return select(func.count()).where(Submission.form_id == form_id, Submission.status != "spam")


def _fits_quota(connection: Connection, new: NewSubmission, counts: dict[str, int]) -> bool:
    """Whether the form takes one more; spam fills no form."""
    limit = new.duplicate_key.form.settings.max_submissions
    if limit is None:
        return True
    form_id = new.duplicate_key.form.id
    if form_id not in counts:
        # whoever else counts waits here on PostgreSQL; what is inserted meanwhile has counted before
        connection.execute(select(Form.id).where(Form.id == form_id).with_for_update(key_share=True))
        counts[form_id] = connection.execute(_count_query(form_id)).scalar_one()
    if counts[form_id] >= limit:
        return False
    counts[form_id] += not new.spam
    return True


def hash_content(form: PublishedForm, parsed: ParsedSubmission, client: str) -> tuple[bytes, bytes]:
    """Of what was sent to the form, whoever sent it; and of the same from this client.

    A CAPTCHA's token is no part of it, being new each time.
    """
    files = [[upload.field, upload.name, upload.content_type, upload.digest.hex()] for upload in parsed.uploads]
    sent = [form.id, parsed.data, parsed.control, parsed.honeypots, files]
    ring = current_key_ring()
    content = ring.index(to_json(sent), CONTENT_CONTEXT)
    return content, ring.index(f"{client} {content.hex()}", FINGERPRINT_CONTEXT)


def hash_key(client: str, key: str, content_hash: bytes) -> KeyHashes:
    """Return what is kept of an idempotency key, which may be anything."""
    ring = current_key_ring()
    return KeyHashes(
        client=ring.index(f"client {client} {key}", KEY_CONTEXT),
        content=ring.index(f"content {content_hash.hex()} {key}", KEY_CONTEXT),
        bare=ring.index(key, KEY_CONTEXT),
    )
