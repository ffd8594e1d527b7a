"""The app's key ring, and the column type that encrypts."""

import logging
import threading
import time
from functools import cache
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import LargeBinary, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator

from forms_service.database import migrations
from forms_service.database.engine import first_line
from forms_service.encryption import wrapped_keys
from forms_service.encryption.associated_data import SEPARATOR, BoundText, Unreadable, bind_to_row, located
from forms_service.errors import ServiceUnavailableError, StartError
from forms_service.metrics import UNREADABLE
from forms_service.security.key_ring import KeyRing, UnknownKeyError, row_key

RELOAD_INTERVAL = 30
"""Seconds until another process's data key is noticed."""

MAX_REPORTED = 10_000
"""Unreadable values logged once."""

log = logging.getLogger(__name__)
events = logging.getLogger("forms_service.events")


class KeyRingStore:
    """Loads on first use and every RELOAD_INTERVAL."""

    def __init__(self) -> None:
        self._ring: KeyRing | None = None
        self._loaded_at = 0.0
        self.outdated = False
        """Another process uses keys unknown here."""
        self._lock = threading.Lock()

    def current(self) -> KeyRing:
        if self._ring is None or time.monotonic() - self._loaded_at > RELOAD_INTERVAL:
            with self._lock:
                if self._ring is None:
                    self._ring = self._load_first()
                elif time.monotonic() - self._loaded_at > RELOAD_INTERVAL:
                    self._ring = self._reload(self._ring)
        return self._ring

    def load(self) -> KeyRing:
        ring = wrapped_keys.load()
        self._ring, self._loaded_at, self.outdated = ring, time.monotonic(), False
        return ring

    def _load_first(self) -> KeyRing:
        if migrations.revision() is not migrations.Revision.CURRENT:
            raise ServiceUnavailableError("The database must be migrated first. Try again later.", retry_after=30)
        try:
            return self.load()
        except StartError as error:
            log.critical("%s", error)
            raise ServiceUnavailableError(retry_after=30) from error

    def _reload(self, ring: KeyRing) -> KeyRing:
        self._loaded_at = time.monotonic()
        try:
            return self.load()
        except DBAPIError:
            return ring  # the current ring still reads everything that it knew
        except StartError:
            self.outdated = True
            log.critical("Another process has changed the keys. Restart this one with the same ENCRYPTION_KEYS.")
            return ring


class Encrypted(TypeDecorator[str]):
    """Text encrypted with AES-256-GCM, bound to its column (`context`) and row.

    Write it through the ORM or `EncryptedInsert`, which know the row. Undecryptable values load as `Unreadable`.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return located(column, self)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, BoundText):
            raise TypeError(f"{self.context} is bound to its row: write it through the ORM, or with EncryptedInsert.")
        return current_key_ring().encrypt(value, self.context, value.row)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        row, _, sealed = bytes(value).partition(SEPARATOR)
        return reveal(sealed, self.context, row.decode())


@event.listens_for(Mapper, "before_insert")
@event.listens_for(Mapper, "before_update")
def _bind(mapper: Mapper[Any], _: object, row: Any) -> None:
    names = _encrypted_attributes(mapper)
    if not names:
        return
    for column in mapper.primary_key:
        attribute = mapper.get_property_by_column(column).key
        if getattr(row, attribute) is None and column.default is not None:
            setattr(row, attribute, cast("Any", column.default).arg(None))
    key = row_key(mapper.primary_key_from_instance(row))
    values = vars(row)
    values |= {name: bind_to_row(values[name], key) for name in names if values.get(name) is not None}


@cache
def _encrypted_attributes(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in mapper.column_attrs if isinstance(attribute.columns[0].type, Encrypted))


def init_app(app: Flask) -> None:
    app.extensions["keyring"] = KeyRingStore()
    app.extensions["unreadable"] = set()


def unlock() -> None:
    """Load the keys if the database is available.

    :raises StartError: for wrong ENCRYPTION_KEYS
    """
    try:
        key_ring_store().load()
    except DBAPIError as error:
        log.warning("The keys could not be loaded yet: %s", first_line(error))


def key_ring_store() -> KeyRingStore:
    return cast("KeyRingStore", current_app.extensions["keyring"])


def current_key_ring() -> KeyRing:
    """Return the app's key ring.

    :raises ServiceUnavailableError: without a migrated database under our keys
    """
    return key_ring_store().current()


def decrypt(sealed: bytes, context: str, row: str) -> str:
    """Decrypt, reloading the ring for another process's new key, or raise ValueError."""
    try:
        return current_key_ring().decrypt(sealed, context, row)
    except UnknownKeyError:
        return key_ring_store().load().decrypt(sealed, context, row)


def reveal(sealed: bytes, context: str, row: str, instead: str = "") -> str:
    """Decrypt, or log and return an `Unreadable`."""
    try:
        return decrypt(sealed, context, row)
    except ValueError:
        _report(context, row)
        return Unreadable(instead)


def start_data_key() -> int:
    """Create and use the next data key; return its number."""
    number = wrapped_keys.add_data_key()
    key_ring_store().load()
    return number


def _report(context: str, row: str) -> None:
    reported: set[tuple[str, str]] = current_app.extensions["unreadable"]
    if (context, row) not in reported and len(reported) < MAX_REPORTED:
        reported.add((context, row))
        UNREADABLE.inc()
        events.error("value_unreadable", extra={"fields": {"place": context, "row": row}})
