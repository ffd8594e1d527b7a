"""Counts refused submissions; stores nothing about visitors.

Flushes at most every FLUSH_INTERVAL, so a flood of requests causes few writes.
"""

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from forms_service.background import periodic
from forms_service.database.transactions import write_connection
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms.models import FORM_ID, Form
from forms_service.submissions.models import REFUSALS, Refusal

FLUSH_INTERVAL = 5.0
MAX_PENDING = 10_000
"""Unflushed keys, even of unknown forms."""

RETENTION_DAYS = 400
SWEEP_INTERVAL = 86_400

Key = tuple[str, date, str]

log = logging.getLogger(__name__)


class RefusalCounter:
    """Unflushed counts of a process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending: Counter[Key] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, form_id: str, reason: str) -> None:
        key = (form_id, now().date(), reason)
        with self._lock:
            if key in self._pending or len(self._pending) < MAX_PENDING:
                self._pending[key] += 1
            if self._timer is None:
                self._start_timer()

    def pending(self, form_id: str, first: date, last: date) -> Counter[str]:
        with self._lock:
            of_form = [(key, count) for key, count in self._pending.items() if key[0] == form_id]
        counts: Counter[str] = Counter()
        for (_, day, reason), count in of_form:
            counts[reason] += count if first <= day <= last else 0
        return counts

    def flush(self) -> None:
        with self._flushing:  # concurrent flushes would count twice
            with self._lock:
                if self._timer:
                    self._timer.cancel()
                self._timer = None
                atexit.unregister(self.flush)
                counts = Counter(self._pending)
            if counts and self._store(counts):
                with self._lock:
                    self._pending -= counts

    def _store(self, counts: Mapping[Key, int]) -> bool:
        try:
            with self._app.app_context(), write_connection() as connection:
                _add(connection, counts)
        except Exception:
            log.exception("Could not count refused submissions; they are kept for the next flush.")
            return False
        return True

    def _start_timer(self) -> None:
        self._timer = threading.Timer(FLUSH_INTERVAL, self.flush)
        self._timer.daemon = True
        self._timer.start()
        atexit.register(self.flush)


def init_app(app: Flask) -> None:
    """Create the counter and register its cleanup."""
    app.extensions["refusals"] = RefusalCounter(app)
    periodic.register(app, "refusals", SWEEP_INTERVAL, sweep)


def count_refusal(form_id: str, reason: str) -> None:
    """Count a refused submission."""
    if FORM_ID.fullmatch(form_id):
        _counter().add(form_id, reason)


def refusals_by_reason(form_id: str, first: date, last: date) -> dict[str, int]:
    """Return refusals by reason, first and last day included."""
    days = Refusal.day.between(first, last)
    query = select(Refusal.reason, func.sum(Refusal.count)).where(Refusal.form_id == form_id, days)
    counts = _counter().pending(form_id, first, last)
    counts.update({reason: int(count) for reason, count in db.session.execute(query.group_by(Refusal.reason))})
    return {reason: counts[reason] for reason in REFUSALS}


def sweep() -> None:
    """Delete counts older than RETENTION_DAYS."""
    with write_connection() as connection:
        connection.execute(delete(Refusal).where(Refusal.day < now().date() - timedelta(days=RETENTION_DAYS)))


def _add(connection: Connection, counts: Mapping[Key, int]) -> None:
    ids = sorted({form_id for form_id, _, _ in counts})
    for start in range(0, len(ids), 500):
        existing = set(connection.scalars(select(Form.id).where(Form.id.in_(ids[start : start + 500]))))
        rows = [
            {"form_id": form_id, "day": day, "reason": reason, "count": count}
            for (form_id, day, reason), count in sorted(counts.items())  # sorted, so that two processes cannot deadlock
            if form_id in existing
        ]
        if rows:
            _upsert(connection, rows)


def _upsert(connection: Connection, rows: list[dict[str, object]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(Refusal)
    total = {"count": Refusal.count + statement.excluded.count}
    connection.execute(statement.on_conflict_do_update(index_elements=["form_id", "day", "reason"], set_=total), rows)


def _counter() -> RefusalCounter:
    return cast("RefusalCounter", current_app.extensions["refusals"])
