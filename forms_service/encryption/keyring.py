"""The key ring of the app, and the column type that encrypts with it."""

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
from forms_service.encryption.associated_data import SEPARATOR, Bound, Unreadable, bound, located, row_key
from forms_service.errors import ServiceUnavailableError, StartError
from forms_service.metrics import UNREADABLE
from forms_service.security.key_ring import KeyRing, UnknownKeyError

RELOAD_SECONDS = 30
"""How soon a process notices that another has started a new data key."""

MAX_REPORTED = 10_000
"""Unreadable values of which a process remembers that it has logged them."""

log = logging.getLogger(__name__)
events = logging.getLogger("forms_service.events")


class KeyRingHolder:
    """The app's key ring, loaded when it is first needed and looked at again every RELOAD_SECONDS."""

    def __init__(self) -> None:
        self._ring: KeyRing | None = None
        self._looked_at = 0.0
        self.outdated = False
        """Another process uses keys that this one cannot unwrap. Give both the same ENCRYPTION_KEYS."""
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
        ring = wrapped_keys.load()
        self._ring, self._looked_at, self.outdated = ring, time.monotonic(), False
        return ring

    def _first(self) -> KeyRing:
        if migrations.revision() is not migrations.Revision.CURRENT:
            raise ServiceUnavailableError("The database must be migrated first. Try again later.", retry_after=30)
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
            log.critical("Another process has changed the keys. Restart this one with the same ENCRYPTION_KEYS.")
            return ring


class Encrypted(TypeDecorator[str]):
    """Text kept as AES-256-GCM under the data key, bound to its table and column (`place`) and to its row.

    Written through the ORM or `SealedRows`, which know the row. Read by any query, since the column comes with the key
    of its row in front; a value that cannot be decrypted is an `Unreadable`, so that the other rows are still shown.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The value with the key of its row in front."""
        return located(column, self)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """The value encrypted for its row."""
        if value is None:
            return None
        if not isinstance(value, Bound):
            raise TypeError(f"{self.place} is bound to its row: write it through the ORM, or with SealedRows.")
        return holder().ring().encrypt(value, self.place, value.row)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """The text that was encrypted."""
        if value is None:
            return None
        row, _, sealed = bytes(value).partition(SEPARATOR)
        return reveal(sealed, self.place, row.decode())


@event.listens_for(Mapper, "before_insert")
@event.listens_for(Mapper, "before_update")
def _bind(mapper: Mapper[Any], _: object, row: Any) -> None:
    """Give the encrypted texts of an object the key of its row, before they are written."""
    names = _encrypted_attributes(mapper)
    if not names:
        return
    for column in mapper.primary_key:
        attribute = mapper.get_property_by_column(column).key
        if getattr(row, attribute) is None and column.default is not None:
            setattr(row, attribute, cast("Any", column.default).arg(None))
    key = row_key(mapper.primary_key_from_instance(row))
    values = vars(row)
    values |= {name: bound(values[name], key) for name in names if values.get(name) is not None}


@cache
def _encrypted_attributes(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in mapper.column_attrs if isinstance(attribute.columns[0].type, Encrypted))


def init_app(app: Flask) -> None:
    """Give the app its ring, to be loaded when it is needed."""
    app.extensions["keyring"] = KeyRingHolder()
    app.extensions["unreadable"] = set()


def unlock() -> None:
    """Load the keys while nobody waits for them; a database that is away or behind is not an error yet.

    :raises StartError: when none of ENCRYPTION_KEYS unwraps them
    """
    try:
        if migrations.revision() is migrations.Revision.CURRENT:
            holder().load()
    except DBAPIError as error:
        log.warning("The keys could not be loaded yet: %s", first_line(error))


def holder() -> KeyRingHolder:
    """The current app's keys."""
    return cast("KeyRingHolder", current_app.extensions["keyring"])


def decrypt(sealed: bytes, place: str, row: str) -> str:
    """The text, also when another process has just started the data key that it is under.

    :raises ValueError: when it cannot be decrypted there
    """
    try:
        return holder().ring().decrypt(sealed, place, row)
    except UnknownKeyError:
        return holder().load().decrypt(sealed, place, row)


def reveal(sealed: bytes, place: str, row: str, instead: str = "") -> str:
    """The text; where it cannot be decrypted, which is logged and counted, an `Unreadable` of `instead`."""
    try:
        return decrypt(sealed, place, row)
    except ValueError:
        _report(place, row)
        return Unreadable(instead)


def start_data_key() -> int:
    """Make the next data key and begin to encrypt with it; its id."""
    number = wrapped_keys.add_data_key()
    holder().load()
    return number


def _report(place: str, row: str) -> None:
    reported: set[tuple[str, str]] = current_app.extensions["unreadable"]
    if (place, row) not in reported and len(reported) < MAX_REPORTED:
        reported.add((place, row))
        UNREADABLE.inc()
        events.error("value_unreadable", extra={"fields": {"place": place, "row": row}})
