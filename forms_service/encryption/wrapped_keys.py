"""Data keys, index key and pepper, wrapped by ENCRYPTION_KEYS."""

import hashlib
import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    String,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from forms_service.config import settings
from forms_service.database.transactions import write_connection
from forms_service.database.types import UTCDateTime, now
from forms_service.errors import StartError
from forms_service.extensions import Model, db
from forms_service.security.key_ring import KEY_BYTES, KeyRing, unwrap, wrap

log = logging.getLogger(__name__)


class WrappedKey(Model):
    """The newest data key encrypts."""

    __tablename__ = "keyring"
    __table_args__ = (CheckConstraint("purpose IN ('data', 'index', 'pepper')", name="purpose"),)

    purpose: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_with: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    reencrypted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Set once all values are under it."""


def verify() -> bool:
    """Whether the database has keys; creates none.

    :raises StartError: for wrong ENCRYPTION_KEYS
    """
    with db.engine.connect() as connection:
        if not inspect(connection).has_table(WrappedKey.__tablename__):
            return False
    rows = _fetch_rows()
    if rows:
        _unwrap_all(rows)
    return bool(rows)


def rewrap() -> int:
    """Wrap all with the first of ENCRYPTION_KEYS; return their number."""
    wrapping_keys = settings.encryption_keys
    with write_connection() as connection:
        rows = connection.execute(select(WrappedKey.purpose, WrappedKey.number, WrappedKey.wrapped)).all()
        for purpose, number, wrapped in rows:
            key = unwrap(wrapped, wrapping_keys, _label(purpose, number))
            connection.execute(
                update(WrappedKey)
                .where(WrappedKey.purpose == purpose, WrappedKey.number == number)
                .values(_wrap(key, purpose, number))
            )
    return len(rows)


def count_under_old_keys() -> int:
    """Count those not wrapped by the first of ENCRYPTION_KEYS."""
    with db.engine.connect() as connection:
        fingerprints = connection.scalars(select(WrappedKey.wrapped_with)).all()
    return sum(fingerprint != _fingerprint(settings.encryption_keys[0]) for fingerprint in fingerprints)


def add_data_key() -> int:
    """Create the next data key; return its number."""
    with write_connection() as connection:
        number = max(connection.scalars(select(WrappedKey.number).where(WrappedKey.purpose == "data"))) + 1
        _insert(connection, "data", number)
    return number


def is_reencrypted(number: int) -> bool:
    """Whether all values are under that key and format."""
    with db.engine.connect() as connection:
        return connection.scalar(select(WrappedKey.reencrypted_at).where(*_data_key(number))) is not None


def age(number: int) -> timedelta:
    """Return how long ago a data key was made, by either clock."""
    with db.engine.connect() as connection:
        return abs(now() - connection.scalars(select(WrappedKey.created_at).where(*_data_key(number))).one())


def mark_reencrypted(number: int) -> None:
    with write_connection() as connection:
        connection.execute(update(WrappedKey).where(*_data_key(number)).values(reencrypted_at=now()))


def _data_key(number: int) -> tuple[ColumnElement[bool], ...]:
    return WrappedKey.purpose == "data", WrappedKey.number == number


def load() -> KeyRing:
    """Load the key ring, creating the first keys.

    :raises StartError: for wrong ENCRYPTION_KEYS
    """
    rows = _fetch_rows()
    if not rows:
        _create_keys()
        rows = _fetch_rows()
    return unwrap_ring(rows)


def unwrap_ring(rows: Iterable[tuple[str, int, bytes] | Row[str, int, bytes]]) -> KeyRing:
    """Return the key ring of these rows: purpose, number and wrapped key.

    :raises StartError: for wrong ENCRYPTION_KEYS
    """
    keys = _unwrap_all(rows)
    data_keys = {number: key for (purpose, number), key in keys.items() if purpose == "data"}
    return KeyRing(data_keys, keys["index", 1], keys["pepper", 1])


def fetch_rows(connection: Connection) -> Sequence[Row[str, int, bytes]]:
    """Return the rows for `unwrap_ring`."""
    return connection.execute(select(WrappedKey.purpose, WrappedKey.number, WrappedKey.wrapped)).all()


def _fetch_rows() -> Sequence[Row[str, int, bytes]]:
    with db.engine.connect() as connection:
        return fetch_rows(connection)


def _unwrap_all(rows: Iterable[tuple[str, int, bytes] | Row[str, int, bytes]]) -> dict[tuple[str, int], bytes]:
    try:
        return {(purpose, number): _unwrap(wrapped, purpose, number) for purpose, number, wrapped in rows}
    except ValueError:
        raise StartError(
            "None of ENCRYPTION_KEYS unwraps the keys of this database. Restore the key it was made with "
            "(INSTANCE_PATH/encryption_keys, or your .env); nothing else can decrypt the stored data."
        ) from None


def _create_keys() -> None:
    try:
        with write_connection() as connection:
            for purpose in ("data", "index", "pepper"):
                _insert(connection, purpose, 1, reencrypted_at=now())
    except IntegrityError:
        # several processes start at once: the first wins
        log.info("Another process has just created the keys.")


def _insert(connection: Connection, purpose: str, number: int, reencrypted_at: datetime | None = None) -> None:
    values = _wrap(secrets.token_bytes(KEY_BYTES), purpose, number)
    values |= {"purpose": purpose, "number": number, "reencrypted_at": reencrypted_at}
    connection.execute(insert(WrappedKey).values(values))


def _wrap(key: bytes, purpose: str, number: int) -> dict[str, object]:
    wrapping_key = settings.encryption_keys[0]
    return {
        "wrapped": wrap(key, wrapping_key, _label(purpose, number)),
        "wrapped_with": _fingerprint(wrapping_key),
    }


def _unwrap(wrapped: bytes, purpose: str, number: int) -> bytes:
    return unwrap(wrapped, settings.encryption_keys, _label(purpose, number))


def _label(purpose: str, number: int) -> str:
    return f"forms_service keyring {purpose} {number}"


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"forms_service key fingerprint\0" + key).hexdigest()[:16]
