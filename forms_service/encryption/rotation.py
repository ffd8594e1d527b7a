"""Re-encrypting what is stored under the newest data key and in today's format, while the service runs."""

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

from forms_service.database.transactions import write_session
from forms_service.encryption import wrapped_keys
from forms_service.encryption.associated_data import Unreadable, row_key
from forms_service.encryption.keyring import (
    Encrypted,
    current_key_ring,
    decrypt,
    key_ring_store,
    reveal,
    start_data_key,
)
from forms_service.extensions import db

BATCH_SIZE = 100
"""Rows that are changed in one commit; whoever else writes waits for no more than that."""

MAX_SECONDS = 10.0
"""How long the periodic task goes on at a time."""

Values = dict[Column[Any], bytes]


@dataclass(frozen=True)
class Progress:
    """One look through everything: how many rows it has brought up to date, and how many it could not read."""

    done: int
    unreadable: int


def encrypted_columns() -> dict[Table, list[Column[Any]]]:
    """Every table that has encrypted columns, and which they are."""
    by_table = {
        table: [column for column in table.columns if isinstance(column.type, Encrypted)]
        for table in db.metadata.sorted_tables
    }
    return {table: columns for table, columns in by_table.items() if columns}


def begin() -> tuple[int, bool]:
    """The data key to bring everything under, and whether that goes on with a rotation that was not finished."""
    current = key_ring_store().load().current
    if current > 1 and not wrapped_keys.is_reencrypted(current):
        return current, True
    return start_data_key(), False


def count_stale() -> int:
    """How many rows hold something that is under an older key, or in an older format."""
    tables = encrypted_columns().items()
    count = sum(db.session.scalar(select(func.count()).where(_is_stale(columns))) or 0 for _, columns in tables)
    db.session.rollback()
    return count


def reencrypt() -> Iterator[Progress]:
    """Bring every value under the current data key and into today's format; yields how far it is, batch by batch.

    Interrupted, it can be started again: only what is stale is read. Other processes write under the old key until
    they look at the ring again (RELOAD_INTERVAL), so it is run once more after that. A row that changes meanwhile is
    left as it is then. It rests as long as it has worked, so that others find their turn to write.
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
            time.sleep(time.monotonic() - started)
        db.session.rollback()


def mark_done_if_clean(last: Progress | None) -> bool:
    """Whether a whole pass found nothing more to bring up to date, which is noted then.

    Values that cannot be read stay as they are, and hold nothing up.
    """
    if last is not None and last.done:
        return False
    wrapped_keys.mark_reencrypted(key_ring_store().load().current)
    return True


def continue_in_background() -> None:
    """Go on with what is not finished, for MAX_SECONDS: after an update of the format, or a killed rotation."""
    if wrapped_keys.is_reencrypted(key_ring_store().load().current):
        return
    until, last = time.monotonic() + MAX_SECONDS, None
    for so_far in reencrypt():
        last = so_far
        if time.monotonic() > until:
            return
    mark_done_if_clean(last)


def find_unreadable(seconds: float) -> tuple[int, list[str], bool]:
    """How many rows were looked at, those that cannot be read as table and key, and whether that was all in time."""
    until, looked, bad = time.monotonic() + seconds, 0, list[str]()
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
            if time.monotonic() > until:
                return looked, bad, False
        db.session.rollback()
    return looked, bad, True


def _next_batch(last: tuple[Any, ...] | None, table: Table, columns: list[Column[Any]]) -> Select[Any]:
    """The next batch by primary key: the key, then the encrypted values as they are stored."""
    keys = list(table.primary_key.columns)
    query = select(*keys, *(_raw(column).label(column.name) for column in columns))
    if last is not None:
        query = query.where(tuple_(*keys) > last)
    return query.order_by(*keys).limit(BATCH_SIZE)


def _next_stale_batch(last: tuple[Any, ...] | None, table: Table, columns: list[Column[Any]]) -> Select[Any]:
    return _next_batch(last, table, columns).where(_is_stale(columns))


def _is_stale(columns: list[Column[Any]]) -> ColumnElement[bool]:
    mark = current_key_ring().mark
    return or_(*(func.substr(_raw(column), 1, len(mark), type_=LargeBinary) != mark for column in columns))


def _reencrypt_batch(batch: Any, table: Table, columns: list[Column[Any]]) -> tuple[list[Update], int]:
    """The statements that bring the rows of a batch up to date, and how many rows have something unreadable."""
    results = [_reencrypt_row(row, table, columns) for row in batch]
    return [statement for statement, _ in results if statement is not None], sum(bad for _, bad in results)


def _reencrypt_row(row: Row[Any], table: Table, columns: list[Column[Any]]) -> tuple[Update | None, bool]:
    ring = current_key_ring()
    stored = {column: row._mapping[column.name] for column in columns}
    stale: Values = {
        column: bytes(old) for column, old in stored.items() if old is not None and bytes(old[:4]) != ring.mark
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
    unchanged = [_raw(column) == old for column, old in stale.items() if column.name in reencrypted]
    return update(table).where(and_(*same_row, *unchanged)).values(reencrypted), len(reencrypted) < len(stale)


def _raw(column: Column[Any]) -> TypeCoerce[bytes]:
    return type_coerce(column, LargeBinary)


def _context_of(column: Column[Any]) -> str:
    return cast("Encrypted", column.type).context
