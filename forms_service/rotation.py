"""Re-encrypting what is stored under a new data key, while the service runs."""

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import (
    Column,
    LargeBinary,
    Row,
    Select,
    Table,
    TypeCoerce,
    and_,
    func,
    select,
    tuple_,
    type_coerce,
    update,
)

from forms_service.database import writing
from forms_service.extensions import db
from forms_service.keyring import Encrypted, decrypt, holder
from forms_service.security.keys import KeyRing, key_mark

BATCH = 500
"""Rows that are looked at, and changed in one commit."""


def encrypted_columns() -> dict[Table, list[Column[Any]]]:
    """Every table that has encrypted columns, and which they are."""
    found = {
        table: [column for column in table.columns if isinstance(column.type, Encrypted)]
        for table in db.metadata.sorted_tables
    }
    return {table: columns for table, columns in found.items() if columns}


def rows() -> int:
    """How many rows there are to look at."""
    return sum(db.session.scalar(select(func.count()).select_from(table)) or 0 for table in encrypted_columns())


def reencrypt() -> Iterator[int]:
    """Bring every value under the current data key; yields how many more rows it has looked at, batch by batch.

    Interrupted, it can be started again: what is under the current key is only looked at. Other processes write
    under the old key until they look at the ring again (RELOAD_SECONDS), so it is run once more after that. A row
    that changes meanwhile is left as it is then.
    """
    for table, columns in encrypted_columns().items():
        last: tuple[Any, ...] | None = None
        while batch := db.session.execute(_after(last, table, columns)).all():
            with writing():
                for row in batch:
                    _renew(row, table, columns)
                db.session.commit()
            last = tuple(batch[-1][: len(table.primary_key.columns)])
            yield len(batch)


def _after(last: tuple[Any, ...] | None, table: Table, columns: list[Column[Any]]) -> Select[Any]:
    """The next batch by primary key: the key, then the encrypted values as they are stored."""
    keys = list(table.primary_key.columns)
    query = select(*keys, *(type_coerce(column, LargeBinary).label(column.name) for column in columns))
    if last is not None:
        query = query.where(tuple_(*keys) > last)
    return query.order_by(*keys).limit(BATCH)


def _renew(row: Row[Any], table: Table, columns: list[Column[Any]]) -> None:
    ring = holder().ring()
    kept = {column: row._mapping[column.name] for column in columns}
    stale = {column: bytes(old) for column, old in kept.items() if old and bytes(old)[:4] != key_mark(ring.current)}
    if not stale:
        return
    fresh = {column.name: _fresh(ring, column, old) for column, old in stale.items()}
    same_row = [key == value for key, value in zip(table.primary_key.columns, row, strict=False)]
    unchanged = [type_coerce(column, LargeBinary) == old for column, old in stale.items()]
    db.session.execute(update(table).where(and_(*same_row, *unchanged)).values(fresh))


def _fresh(ring: KeyRing, column: Column[Any], old: bytes) -> TypeCoerce[bytes]:
    place = cast("Encrypted", column.type).place
    return type_coerce(ring.encrypt(decrypt(old, place), place), LargeBinary)
