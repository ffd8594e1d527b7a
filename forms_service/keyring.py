"""The data keys, kept wrapped in the database, and the column type that encrypts with them."""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from flask import Flask, current_app
from sqlalchemy import (
    CheckConstraint,
    Connection,
    LargeBinary,
    Row,
    String,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from forms_service import migrating
from forms_service.config import settings
from forms_service.database import UTCDateTime, first_line, now
from forms_service.errors import ServiceUnavailableError, StartError
from forms_service.extensions import Model, db
from forms_service.security.keys import KEY_BYTES, KeyRing, UnknownKeyError, unwrap, wrap

RELOAD_SECONDS = 30
"""How soon a process notices that another has started a new data key."""

log = logging.getLogger(__name__)


class WrappedKey(Model):
    """One key of the ring. There is one index key and one pepper; of the data keys the newest encrypts."""

    __tablename__ = "keyring"
    __table_args__ = (CheckConstraint("purpose IN ('data', 'index', 'pepper')", name="purpose"),)

    purpose: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_with: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class KeyRingHolder:
    """The app's key ring, loaded when it is first needed and looked at again every RELOAD_SECONDS."""

    def __init__(self) -> None:
        self._ring: KeyRing | None = None
        self._looked_at = 0.0
        self.outdated = False
        """Another process uses keys that this one cannot unwrap: it needs the ENCRYPTION_KEYS they were given."""
        self._lock = threading.Lock()

    def ring(self) -> KeyRing:
        """The keys.

        :raises ServiceUnavailableError: while the database is away, behind the code or under other keys
        """
        if self._ring is None or time.monotonic() - self._looked_at > RELOAD_SECONDS:
            with self._lock:
                if self._ring is None:
                    self._ring = self._first()
                elif time.monotonic() - self._looked_at > RELOAD_SECONDS:
                    self._ring = self._again(self._ring)
        return self._ring

    def load(self) -> KeyRing:
        """The keys as the database has them now, made if there are none.

        :raises StartError: when none of ENCRYPTION_KEYS unwraps them
        """
        ring = _load()
        self._ring, self._looked_at, self.outdated = ring, time.monotonic(), False
        return ring

    def _first(self) -> KeyRing:
        if migrating.revision() is not migrating.Revision.CURRENT:
            raise ServiceUnavailableError("The database has to be upgraded first. Try again later.", retry_after=30)
        try:
            return self.load()
        except StartError as error:
            log.critical("%s", error)
            raise ServiceUnavailableError(retry_after=30) from error

    def _again(self, ring: KeyRing) -> KeyRing:
        self._looked_at = time.monotonic()
        try:
            return self.load()
        except DBAPIError:
            return ring  # the one we have reads all that it knew of
        except StartError:
            self.outdated = True
            log.critical("Another process has changed the keys. Start this one again with the same ENCRYPTION_KEYS.")
            return ring


class Encrypted(TypeDecorator[str]):
    """Text kept as AES-256-GCM under the data key, bound to its table and column (`place`)."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """What is stored."""
        return None if value is None else holder().ring().encrypt(value, self.place)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """What was encrypted."""
        return None if value is None else decrypt(bytes(value), self.place)


def init_app(app: Flask) -> None:
    """Give the app its ring, to be loaded when it is needed."""
    app.extensions["keyring"] = KeyRingHolder()


def unlock() -> None:
    """Load the keys while nobody waits for them; a database that is away or behind is not an error yet.

    :raises StartError: when none of ENCRYPTION_KEYS unwraps them
    """
    try:
        if migrating.revision() is migrating.Revision.CURRENT:
            holder().load()
    except DBAPIError as error:
        log.warning("The keys are not loaded yet: %s", first_line(error))


def holder() -> KeyRingHolder:
    """The current app's keys."""
    return cast("KeyRingHolder", current_app.extensions["keyring"])


def decrypt(sealed: bytes, place: str) -> str:
    """The text, also when another process has just started the data key that it is under."""
    try:
        return holder().ring().decrypt(sealed, place)
    except UnknownKeyError:
        return holder().load().decrypt(sealed, place)


def verify() -> bool:
    """Whether the database has keys; makes none.

    :raises StartError: when none of ENCRYPTION_KEYS unwraps them
    """
    with db.engine.connect() as connection:
        if not inspect(connection).has_table(WrappedKey.__tablename__):
            return False
    rows = _rows()
    if rows:
        _unwrap_all(rows)
    return bool(rows)


def rewrap() -> int:
    """Wrap every key under the first of ENCRYPTION_KEYS; how many there are."""
    wrapping_keys = settings.encryption_keys
    with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
        rows = connection.execute(select(WrappedKey.purpose, WrappedKey.number, WrappedKey.wrapped)).all()
        for purpose, number, wrapped in rows:
            key = unwrap(wrapped, wrapping_keys, _label(purpose, number))
            connection.execute(
                update(WrappedKey)
                .where(WrappedKey.purpose == purpose, WrappedKey.number == number)
                .values(_wrapped(key, purpose, number))
            )
    return len(rows)


def not_under_first_key() -> int:
    """How many keys of the ring are not wrapped under the first of ENCRYPTION_KEYS."""
    with db.engine.connect() as connection:
        fingerprints = connection.scalars(select(WrappedKey.wrapped_with)).all()
    return sum(found != _fingerprint(settings.encryption_keys[0]) for found in fingerprints)


def start_data_key() -> int:
    """Make the next data key and begin to encrypt with it; its id."""
    with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
        number = max(connection.scalars(select(WrappedKey.number).where(WrappedKey.purpose == "data"))) + 1
        _insert(connection, "data", number)
    holder().load()
    return number


def _load() -> KeyRing:
    rows = _rows()
    if not rows:
        _make()
        rows = _rows()
    keys = _unwrap_all(rows)
    data_keys = {number: key for (purpose, number), key in keys.items() if purpose == "data"}
    return KeyRing(data_keys, keys["index", 1], keys["pepper", 1])


def _rows() -> Sequence[Row[str, int, bytes]]:
    with db.engine.connect() as connection:
        return connection.execute(select(WrappedKey.purpose, WrappedKey.number, WrappedKey.wrapped)).all()


def _unwrap_all(rows: Sequence[Row[str, int, bytes]]) -> dict[tuple[str, int], bytes]:
    """The keys in clear, by purpose and number.

    :raises StartError: when none of ENCRYPTION_KEYS unwraps them
    """
    try:
        return {(row.purpose, row.number): _unwrapped(row.wrapped, row.purpose, row.number) for row in rows}
    except ValueError:
        raise StartError(
            "None of ENCRYPTION_KEYS unwraps the keys of this database. Put back the key it was made with "
            "(INSTANCE_PATH/encryption_keys, or your .env); nothing else can read what is stored."
        ) from None


def _make() -> None:
    """The first keys; of several processes that start at once the first one's stay."""
    try:
        with db.engine.connect().execution_options(writing=True) as connection, connection.begin():
            for purpose in ("data", "index", "pepper"):
                _insert(connection, purpose, 1)
    except IntegrityError:
        log.info("Another process has just made the keys.")


def _insert(connection: Connection, purpose: str, number: int) -> None:
    values = _wrapped(secrets.token_bytes(KEY_BYTES), purpose, number)
    connection.execute(insert(WrappedKey).values(purpose=purpose, number=number, **values))


def _wrapped(key: bytes, purpose: str, number: int) -> dict[str, bytes | str]:
    wrapping_key = settings.encryption_keys[0]
    return {
        "wrapped": wrap(key, wrapping_key, _label(purpose, number)),
        "wrapped_with": _fingerprint(wrapping_key),
    }


def _unwrapped(wrapped: bytes, purpose: str, number: int) -> bytes:
    return unwrap(wrapped, settings.encryption_keys, _label(purpose, number))


def _label(purpose: str, number: int) -> str:
    return f"forms_service keyring {purpose} {number}"


def _fingerprint(key: bytes) -> str:
    """16 characters that tell keys apart and say nothing of them."""
    return hashlib.sha256(b"forms_service key fingerprint\0" + key).hexdigest()[:16]
