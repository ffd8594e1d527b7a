"""Periodic tasks, run once across processes: advancing `next_run_at` claims a run."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from forms_service.background.models import PeriodicTask
from forms_service.database.transactions import rows_changed, write_session
from forms_service.database.types import now
from forms_service.extensions import db

RETRY_DELAY = 300
"""Seconds, unless a failed task is due sooner."""

CLOCK_TOLERANCE = 3600
"""Seconds. A task that is due later than its interval and this was claimed while a clock was ahead, and is due."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    name: str
    interval: float
    function: Callable[[], object]


def init_app(app: Flask) -> None:
    app.extensions["tasks"] = {}


def register(app: Flask, name: str, interval: float, function: Callable[[], object]) -> None:
    """Call `function` every `interval` seconds in one process."""
    app.extensions["tasks"][name] = Task(name, interval, function)


def run_due(stopping: Callable[[], bool] = lambda: False) -> list[str]:
    """Claim and run due tasks; return their names."""
    tasks: dict[str, Task] = current_app.extensions["tasks"]
    ran = []
    for task in tasks.values():
        if not stopping() and _claim(task):
            _run(task)
            ran.append(task.name)
    return ran


def _run(task: Task) -> None:
    try:
        task.function()
    except Exception:
        log.exception("A periodic task failed: %s", task.name)
        db.session.rollback()
        _reschedule(task, min(task.interval, RETRY_DELAY))


def _claim(task: Task) -> bool:
    next_run_at = db.session.scalar(select(PeriodicTask.next_run_at).where(PeriodicTask.name == task.name))
    db.session.rollback()
    if next_run_at is None:
        return _insert(task)
    moment = now()
    latest = moment + timedelta(seconds=task.interval + CLOCK_TOLERANCE)
    is_due = next_run_at <= moment or next_run_at > latest
    return is_due and _reschedule(task, task.interval, PeriodicTask.next_run_at == next_run_at)


def _insert(task: Task) -> bool:
    try:
        with write_session():
            db.session.add(PeriodicTask(name=task.name, next_run_at=now() + timedelta(seconds=task.interval)))
            db.session.commit()
    except IntegrityError:
        return False
    return True


def _reschedule(task: Task, seconds: float, *conditions: Any) -> bool:
    statement = update(PeriodicTask).where(PeriodicTask.name == task.name, *conditions)
    with write_session():
        changed = rows_changed(statement.values(next_run_at=now() + timedelta(seconds=seconds)))
        db.session.commit()
    return changed == 1
