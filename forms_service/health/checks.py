"""Checks dependencies in parallel, each within TIMEOUT."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from forms_service import outbound
from forms_service.background.models import PeriodicTask
from forms_service.caching import cached
from forms_service.config import settings
from forms_service.database import migrations
from forms_service.database.engine import first_line
from forms_service.database.transactions import writability, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox, smtp
from forms_service.delivery.problems import mail_problem
from forms_service.extensions import cache, db
from forms_service.file_store.interface import FileStoreError
from forms_service.file_store.stores import bucket_store, current_store
from forms_service.health.recent_checks import Check, RecentChecks
from forms_service.virus_scanner.clamd import Scanner, ScannerError, current_scanner

TIMEOUT = 1.5
"""Seconds."""

EXTERNAL_TTL = 15
"""Seconds."""

MAX_BACKLOG_AGE = 120
"""Seconds; older messages mean missing or slow workers."""

SMTP_TIMEOUT = 1.0

PROBE = "health:probe"
WRITE_PROBE = "write probe"
"""The row of `periodic_tasks` that is written to try."""


def init_app(app: Flask) -> None:
    app.extensions["checks"] = ParallelChecks(app)
    app.extensions["recent_checks"] = RecentChecks()


def run_parallel(checks: Mapping[str, Callable[[], Any]], deadline: float = TIMEOUT) -> dict[str, Any]:
    """Return results or exceptions, TimeoutError beyond the deadline."""
    runner: ParallelChecks = current_app.extensions["checks"]
    return runner.run(checks, deadline)


class ParallelChecks:
    """Awaits a hanging check again: an unresponsive dependency costs one thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._running: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def run(self, checks: Mapping[str, Callable[[], Any]], deadline: float) -> dict[str, Any]:
        futures = {name: self._start(name, check) for name, check in checks.items()}
        wait(futures.values(), timeout=deadline)
        return {name: _outcome(future) for name, future in futures.items()}

    def _start(self, name: str, check: Callable[[], Any]) -> Future[Any]:
        with self._lock:
            running = self._running.get(name)
            if running is None or running.done():
                running = self._running[name] = Future()
                threading.Thread(target=self._fulfill, args=(running, check), name=f"check {name}", daemon=True).start()
            return running

    def _fulfill(self, future: Future[Any], check: Callable[[], Any]) -> None:
        with self._app.app_context():
            try:
                future.set_result(check())
            except Exception as error:  # noqa: BLE001 (any exception is the check's result)
                future.set_exception(error)


def time_check(check: Callable[[], str]) -> Callable[[], Check]:
    """Wrap a check that returns `status: reason`, adding its time."""

    def run() -> Check:
        started = time.perf_counter()
        status, _, reason = check().partition(": ")
        seconds = round(time.perf_counter() - started, 6)
        return {"status": status, "response_time": seconds} | ({"reason": reason} if reason else {})

    return run


def failed_check(outcome: object) -> Check:
    """Describe it, with the reason for authorized callers only."""
    if isinstance(outcome, TimeoutError):
        return {"status": "unhealthy", "response_time": TIMEOUT, "reason": f"No response within {TIMEOUT} s."}
    reason = first_line(outcome) if isinstance(outcome, Exception) else str(outcome)
    return {"status": "unhealthy", "response_time": 0.0, "reason": reason}


def can_serve() -> bool:
    """Whether the database is migrated and takes writes."""
    return migrations.revision() is migrations.Revision.CURRENT and _takes_writes()


def _takes_writes() -> bool:
    writes = writability()
    if writes.needs_probe:
        with write_session():
            db.session.merge(PeriodicTask(name=WRITE_PROBE, next_run_at=now()))
            db.session.commit()
    return not writes.failing


def check_all() -> dict[str, Check]:
    services = settings.health_check_urls
    external = {f"external:{name}": lambda name=name: _external(name) for name in services}
    optional = {
        **({"smtp": _smtp} if _sends_mail() else {}),
        **({"virus_scanner": _virus_scanner} if settings.clamd else {}),
    }
    outcomes = run_parallel({"stored": _database_checks, "files": _files, **optional, **external})
    database_outcome = outcomes.pop("stored")
    database, queue, mail = (
        [failed_check(database_outcome)] * 3 if isinstance(database_outcome, Exception) else database_outcome
    )
    results = {
        name: failed_check(outcome) if isinstance(outcome, Exception) else outcome for name, outcome in outcomes.items()
    }
    return {
        "database": database,
        "cache": time_check(_cache)(),  # in this thread: the Redis client has its own timeout
        "queue": queue,
        "mail": mail if mail["status"] != "healthy" else results.get("smtp", mail),
        "files": results["files"],
        **({"virus_scanner": results["virus_scanner"]} if settings.clamd else {}),
        "external_services": _aggregate({name: results[f"external:{name}"] for name in services}),
    }


def _database_checks() -> list[Check]:
    return [time_check(_database)(), _tolerant(_queue), _tolerant(_mail)]


def _tolerant(check: Callable[[], str]) -> Check:
    try:
        return time_check(check)()
    except DBAPIError as error:
        db.session.rollback()
        # tables may be missing while migrations are pending
        return failed_check(error)


def _database() -> str:
    revision = migrations.revision()
    return (
        "healthy" if revision is migrations.Revision.CURRENT else f"degraded: The migration state is {revision.value}."
    )


def _cache() -> str:
    cache.set(PROBE, "here", timeout=60)
    well = cache.get(PROBE) == "here" and cache.delete(PROBE)
    return "healthy" if well else "degraded: Redis does not respond, or does not store values."


def _queue() -> str:
    backlog = outbox.backlog()
    if backlog.oldest_seconds <= MAX_BACKLOG_AGE:
        return "healthy"
    return f"degraded: {backlog.waiting} messages are waiting, the oldest for {backlog.oldest_seconds:.0f} s."


def _mail() -> str:
    problem = mail_problem()
    return f"degraded: {problem}" if problem else "healthy"


def _files() -> Check:
    bucket = bucket_store()
    return _recent("files", _try_files, is_failing=bucket.is_failing) if bucket else time_check(_try_files)()


def _virus_scanner() -> Check:
    scanner = cast("Scanner", current_scanner())
    return _recent("virus_scanner", _try_virus_scanner, is_failing=scanner.circuit.reason is not None)


def _smtp() -> Check:
    return _recent("smtp", _try_smtp)


def _recent(name: str, check: Callable[[], str], *, is_failing: bool | None = None) -> Check:
    recent: RecentChecks = current_app.extensions["recent_checks"]
    return recent.get(name, time_check(check), is_failing=is_failing)


def _try_files() -> str:
    try:
        current_store().check()
    except FileStoreError as error:
        return f"degraded: {error.reason}"
    return "healthy"


def _try_virus_scanner() -> str:
    try:
        cast("Scanner", current_scanner()).ping()
    except ScannerError as error:
        return f"degraded: {error} Files are accepted, and flagged as not scanned."
    return "healthy"


def _sends_mail() -> bool:
    # other hosts may have no route to the mail server
    return bool(settings.smtp_server) and settings.background_work == "inside"


def _try_smtp() -> str:
    return "healthy" if smtp.responds(SMTP_TIMEOUT) else "degraded: SMTP_SERVER does not respond."


@cached(ttl=EXTERNAL_TTL, key_prefix="health")
def _external(name: str) -> Check:
    return time_check(lambda: _fetch(settings.health_check_urls[name]))()


def _fetch(url: str) -> str:
    try:
        status = outbound.send(outbound.OutboundRequest(url), TIMEOUT).status
    except outbound.OutboundError as error:
        return f"unhealthy: {error}"
    return "healthy" if 200 <= status < 300 else f"degraded: It responded with {status}."


def _aggregate(services: dict[str, Check]) -> Check:
    return {
        "status": "healthy" if all(result["status"] == "healthy" for result in services.values()) else "degraded",
        "response_time": max((result["response_time"] for result in services.values()), default=0.0),
        "services": services,
    }


def _outcome(future: Future[Any]) -> Any:
    if not future.done():
        return TimeoutError()
    return future.exception() or future.result()
