"""Re-encrypts values under the newest data key and format while the service runs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    Table,
    TypeCoerce,
    Update,
    and_,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from forms_service.database.transactions import give_way, write_session
from forms_service.encryption import keyring, wrapped_keys
from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.keyring import (
    Encrypted,
    current_key_ring,
    decrypt,
    key_ring_store,
    reveal,
    start_data_key,
)
from forms_service.extensions import db
from forms_service.security.key_ring import row_key

BATCH_SIZE = 100
"""Rows per commit."""

MAX_SECONDS = 10.0
Values = dict[Column[Any], bytes]


@dataclass(frozen=True)
class Progress:
    done: int
    unreadable: int


def encrypted_columns() -> dict[Table, list[Column[Any]]]:
    by_table = {
        table: [column for column in table.columns if isinstance(column.type, Encrypted)]
        for table in db.metadata.sorted_tables
    }
    return {table: columns for table, columns in by_table.items() if columns}


def begin() -> tuple[int, bool]:
    """Return the target data key, and whether the rotation is resumed."""
    current = key_ring_store().load().current
    if current > 1 and not wrapped_keys.is_reencrypted(current):
        return current, True
    return start_data_key(), False


def count_stale() -> int:
    tables = encrypted_columns().items()
    count = sum(db.session.scalar(select(func.count()).where(_is_stale(columns))) or 0 for _, columns in tables)
    db.session.rollback()
    return count


def reencrypt() -> Iterator[Progress]:
    """Yield progress after each batch.

    Run it again after RELOAD_INTERVAL: until then, other processes write under the old key.
    """
    so_far = Progress(0, 0)
    for table, columns in encrypted_columns().items():
        last: tuple[Any, ...] | None = None
        while batch := db.session.execute(_next_stale_batch(last, table, columns)).all():
            db.session.rollback()
            started = time.monotonic()
            updates, unreadable = _reencrypt_batch(batch, table, columns)
            with write_session():
                for statement in updates:
                    db.session.execute(statement)
                db.session.commit()
            last = tuple(batch[-1][: len(table.primary_key.columns)])
            so_far = Progress(so_far.done + len(batch) - unreadable, so_far.unreadable + unreadable)
            yield so_far
            give_way(started)
        db.session.rollback()


def mark_done_if_clean(last: Progress | None) -> bool:
    """Mark it done if a whole pass met nothing stale."""
    if last is not None and last.done:
        return False
    wrapped_keys.mark_reencrypted(key_ring_store().load().current)
    return True


def continue_in_background() -> None:
    """Resume an unfinished rotation, for MAX_SECONDS."""
    number = key_ring_store().load().current
    if wrapped_keys.is_reencrypted(number):
        return
    # until then, other processes write under the old key: a pass that meets nothing stale is not the last one
    is_known_to_all = wrapped_keys.age(number).total_seconds() > keyring.RELOAD_INTERVAL + 1
    deadline, last = time.monotonic() + MAX_SECONDS, None
    for so_far in reencrypt():
        last = so_far
        if time.monotonic() > deadline:
            return
    if is_known_to_all:
        mark_done_if_clean(last)


def find_unreadable(seconds: float) -> tuple[int, list[str], bool]:
    """Return rows checked, unreadable rows, and whether all were checked."""
    deadline, looked, bad = time.monotonic() + seconds, 0, list[str]()
    for table, columns in encrypted_columns().items():
        last: tuple[Any, ...] | None = None
        while batch := db.session.execute(_next_batch(last, table, columns)).all():
            db.session.rollback()
            keys = len(table.primary_key.columns)
            for row in batch:
                key = row_key(row[:keys])
                values = [(column, row._mapping[column.name]) for column in columns]
                texts = [
                    reveal(bytes(value), _context_of(column), key) for column, value in values if value is not None
                ]
                bad += [f"{table.name} {key}"] * any(isinstance(text, Unreadable) for text in texts)
            last = tuple(batch[-1][:keys])
            looked += len(batch)
            if time.monotonic() > deadline:
                return looked, bad, False
        db.session.rollback()
    return looked, bad, True


def _next_batch(last: tuple[Any, ...] | None, table: Table, columns: list[Column[Any]]) -> Select[Any]:
    keys = list(table.primary_key.columns)
    query = select(*keys, *(_raw(column).label(column.name) for column in columns))
    if last is not None:
        query = query.where(tuple_(*keys) > last)
    return query.order_by(*keys).limit(BATCH_SIZE)


def _next_stale_batch(last: tuple[Any, ...] | None, table: Table, columns: list[Column[Any]]) -> Select[Any]:
    return _next_batch(last, table, columns).where(_is_stale(columns))


def _is_stale(columns: list[Column[Any]]) -> ColumnElement[bool]:
    prefix = current_key_ring().prefix
    return or_(*(func.substr(_raw(column), 1, len(prefix), type_=LargeBinary) != prefix for column in columns))


def _reencrypt_batch(batch: Any, table: Table, columns: list[Column[Any]]) -> tuple[list[Update], int]:
    results = [_reencrypt_row(row, table, columns) for row in batch]
    return [statement for statement, _ in results if statement is not None], sum(bad for _, bad in results)


def _reencrypt_row(row: Row[Any], table: Table, columns: list[Column[Any]]) -> tuple[Update | None, bool]:
    ring = current_key_ring()
    stored = {column: row._mapping[column.name] for column in columns}
    stale: Values = {
        column: bytes(old) for column, old in stored.items() if old is not None and bytes(old[:4]) != ring.prefix
    }
    keys = list(table.primary_key.columns)
    key = row_key(row[: len(keys)])
    reencrypted: dict[str, TypeCoerce[bytes]] = {}
    for column, old in stale.items():
        try:
            text = decrypt(old, _context_of(column), key)
        except ValueError:
            continue
        reencrypted[column.name] = type_coerce(ring.encrypt(text, _context_of(column), key), LargeBinary)
    if not reencrypted:
        return None, bool(stale)
    same_row = [column == value for column, value in zip(keys, row, strict=False)]
    # leaves a row alone that changes meanwhile
    unchanged = [_raw(column) == old for column, old in stale.items() if column.name in reencrypted]
    return update(table).where(and_(*same_row, *unchanged)).values(reencrypted), len(reencrypted) < len(stale)


def _raw(column: Column[Any]) -> TypeCoerce[bytes]:
    return type_coerce(column, LargeBinary)


def _context_of(column: Column[Any]) -> str:
    return cast("Encrypted", column.type).context
