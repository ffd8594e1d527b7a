"""Requests in flight, by thread id, and a warning for slow ones."""

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

SLOW_SECONDS = 30.0
WATCH_INTERVAL = 5.0

MAX_PATH_LENGTH = 300
"""Characters of a logged path."""

requests = logging.getLogger("forms_service.requests")


@dataclass(slots=True)
class ActiveRequest:
    """Lasts until teardown; an `answered` one may still be streaming."""

    started: float
    environ: Any
    request_id: str
    answered: bool = False


active: dict[int, ActiveRequest] = {}

_warned: set[str] = set()
watcher_process: int | None = None
"""Process id; a fork starts its own."""


def start_watcher() -> None:
    global watcher_process  # noqa: PLW0603 (one watcher a process, whatever the app)
    watcher_process = os.getpid()
    threading.Thread(target=_watch, name="slow requests", daemon=True).start()


def warn_of_slow(now: float) -> None:
    """Log each once, after SLOW_SECONDS."""
    unanswered = {request.request_id: request for request in list(active.values()) if not request.answered}
    _warned.intersection_update(unanswered)
    for request_id, request in unanswered.items():
        if now - request.started > SLOW_SECONDS and request_id not in _warned:
            _warned.add(request_id)
            seconds = round(now - request.started)
            fields = {**log_fields(request.environ), "seconds": seconds, "request_id": request_id}
            requests.warning("request_takes_long", extra={"fields": fields})


def log_fields(environ: Any) -> dict[str, str]:
    return {"method": environ["REQUEST_METHOD"], "path": environ.get("PATH_INFO", "")[:MAX_PATH_LENGTH]}


def _watch() -> None:
    while True:
        time.sleep(WATCH_INTERVAL)
        warn_of_slow(time.perf_counter())
