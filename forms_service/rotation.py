"""Re-encrypting what is stored under a new data key, while the service runs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, LargeBinary, Table, and_, func, select, type_coerce, update

from forms_service.database import writing
from forms_service.extensions import db
from forms_service.keyring import RELOAD_SECONDS, Encrypted, decrypt, holder
from forms_service.security.keys import ID_BYTES, key_mark

BATCH = 500
"""Values in one commit."""


@dataclass(frozen=True)
class Progress:
    """How many values are under the new key, of how many."""

    done: int
    total: int


def encrypted_columns() -> list[Column[str]]:
    """Every column of the models that is encrypted."""
    tables = db.metadata.sorted_tables
    return [column for table in tables for column in table.columns if isinstance(column.type, Encrypted)]


def waiting() -> int:
    """How many values are not yet under the current data key."""
    return sum(db.session.scalar(_stale(func.count(), column)) or 0 for column in encrypted_columns())


def reencrypt(sleep: Callable[[float], None] = time.sleep) -> Iterator[Progress]:
    """Bring every value under the current data key, in batches; what it has done it need not do again.

    Other processes write under the old key until they look at the ring again, so it waits for that and looks
    once more at the end. A row that changes meanwhile is left for the next round.
    """
    for last in (False, True):
        if last:
            sleep(RELOAD_SECONDS + 1)
        done, total = 0, waiting()
        while remaining := waiting():
            for column in encrypted_columns():
                done += _one_batch(column)
            yield Progress(done, max(total, done + remaining))


def _one_batch(column: Column[str]) -> int:
    table: Table = column.table  # type: ignore[assignment]  # a column of a model has a table, no subquery
    keys = list(table.primary_key.columns)
    raw = type_coerce(column, LargeBinary)
    place = column.type.place  # type: ignore[attr-defined]  # encrypted_columns() gives no other
    with writing():
        rows = db.session.execute(_stale(raw, column, *keys).limit(BATCH)).all()
        for sealed, *identity in rows:
            fresh = holder().ring().encrypt(decrypt(bytes(sealed), place), place)
            same = and_(*(key == value for key, value in zip(keys, identity, strict=True)), raw == sealed)
            db.session.execute(update(table).where(same).values({column.name: type_coerce(fresh, LargeBinary)}))
        db.session.commit()
    return len(rows)


def _stale(what: object, column: Column[str], *more: object):  # type: ignore[no-untyped-def]
    raw = type_coerce(column, LargeBinary)
    mark = key_mark(holder().ring().current)
    return select(what, *more).where(column.is_not(None), func.substr(raw, 1, ID_BYTES) != mark)  # type: ignore[call-overload]
