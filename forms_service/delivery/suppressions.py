"""The suppression list: addresses that get no mail, and why.

The worker consults it at send time, so no response reveals what is on it.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select, update

from forms_service.database.transactions import lock_until_commit, on_commit, rows_changed, write_session
from forms_service.database.types import now
from forms_service.delivery.models import ROUTINE, Suppression
from forms_service.delivery.outbox import address_index
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.logs import event
from forms_service.web.pagination import Page, decode_cursor, paginate

ALL_MAIL = ("bounce", "operator")
"""Reasons against any mail; the others are only against notifications, as a person may still ask for a mail."""

MAX_DETAIL = 500
"""Characters."""

REPORT_REASONS = {"hard": "bounce", "complaint": "complaint"}
"""By type of a report; a soft bounce is temporary and suppresses nothing."""

BATCH_SIZE = 500


def find_reason(index: bytes, priority: int) -> str | None:
    """Return the reason against a message of this priority; None if it may be sent."""
    reason = db.session.scalar(select(Suppression.reason).where(Suppression.address_index == index))
    return reason if priority == ROUTINE or reason in ALL_MAIL else None


def find_many(indexes: Collection[bytes]) -> dict[bytes, Suppression]:
    """Return the suppressions of these blind indexes."""
    rows = db.session.scalars(select(Suppression).where(Suppression.address_index.in_(indexes)))
    return {row.address_index: row for row in rows}


def add(address: str, reason: str, detail: str = "") -> None:
    """Suppress an address, in the caller's transaction.

    A reason against all mail replaces one against notifications; otherwise the first one stays.
    """
    index = address_index(address)
    lock_until_commit(hashlib.sha256(b"suppression" + index).digest())  # two workers may suppress it at once
    row = db.session.scalar(select(Suppression).where(Suppression.address_index == index))
    if row is None:
        row = Suppression(address_index=index)
        db.session.add(row)
    elif row.reason in ALL_MAIL or reason not in ALL_MAIL:
        return
    else:
        detail = f"{detail} (earlier: {row.reason})".lstrip()
    row.address, row.reason, row.detail, row.created_at = address, reason, detail[:MAX_DETAIL] or None, now()
    on_commit(partial(event, "address_suppressed", reason=reason))


def suppress(address: str, reason: str, detail: str = "") -> None:
    """Suppress an address.

    :raises ValueError: for an invalid address
    """
    with write_session():
        add(address, reason, detail)
        db.session.commit()


def report(email: str, kind: str, reason: str = "") -> None:
    """Take a provider's report: `hard`, `soft` or `complaint`."""
    event("bounce_reported", type=kind)  # without the provider's words, which may hold the address
    if kind in REPORT_REASONS:
        suppress(email, REPORT_REASONS[kind], reason)


def remove(address: str) -> None:
    """Let mail through to this address again.

    :raises NotFoundError: if it is not suppressed
    """
    with write_session():
        delete_entry(address)
        db.session.commit()


def delete_entry(entry: str | uuid.UUID) -> None:
    """Delete a suppression by its address or id, in the caller's transaction.

    :raises NotFoundError: if there is none
    """
    own = Suppression.address_index == address_index(entry) if isinstance(entry, str) else Suppression.id == entry
    if not rows_changed(delete(Suppression).where(own)):
        raise NotFoundError("This address is not on the suppression list.")
    on_commit(partial(event, "address_unsuppressed"))


def list_page(limit: int, cursor: str | None) -> Page[Suppression]:
    """Return suppressions, newest first."""
    query = select(Suppression).order_by(Suppression.id.desc()).limit(limit + 1)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(Suppression.id < position[0])
    return paginate(db.session.scalars(query).all(), limit, lambda row: (row.id,))


def list_all() -> Iterator[Suppression]:
    """Yield the suppressions, oldest first."""
    yield from db.session.scalars(select(Suppression).order_by(Suppression.id).execution_options(yield_per=BATCH_SIZE))


def describe(address: str) -> dict[str, Any] | None:
    """Return reason, detail and time for an address; None if it is not suppressed."""
    row = db.session.scalar(select(Suppression).where(Suppression.address_index == address_index(address)))
    return {"reason": row.reason, "detail": row.detail, "created_at": row.created_at} if row else None


def forget_address(address: str) -> None:
    """Keep only the blind index of an erased person's address, in the caller's transaction.

    Without the index, a mailbox that bounces or complained would be mailed again.
    """
    matching = Suppression.address_index == address_index(address)
    db.session.execute(update(Suppression).where(matching).values(address=None, detail=None))


def count_by_reason() -> dict[str, int]:
    """Count the suppressed addresses; ends the transaction."""
    query = select(Suppression.reason, func.count().label("addresses")).group_by(Suppression.reason)
    counts = {row.reason: row.addresses for row in db.session.execute(query)}
    db.session.rollback()
    return counts
