"""Requests that are being answered: a debug line when one begins, a warning while one takes very long.

A thread answers one request at a time, so they are known by their thread.
"""

import logging
import os
import threading
import time
from typing import Any

from flask import Flask, Response

SLOW_SECONDS = 30.0
INTERVAL = 5.0
"""Seconds between looks."""

MAX_PATH_LENGTH = 300
"""Characters of a path that are logged."""

requests = logging.getLogger("forms_service.requests")

_active: dict[int, tuple[float, Any, str]] = {}
"""Thread → when its request began, what was asked, and the request's id."""

_warned: set[str] = set()
_watching: int | None = None
"""The process that has a watcher; one that was forked has none yet."""


def init_app(app: Flask) -> None:
    """Forget a request when it is answered."""
    app.after_request(_note_end)


def note_begin(started: float, environ: Any, request_id: str) -> None:
    """Note that this thread answers a request, and see that somebody watches."""
    global _watching  # noqa: PLW0603 (one watcher a process, whatever the app)
    _active[threading.get_ident()] = (started, environ, request_id)
    if _watching != os.getpid():
        _watching = os.getpid()
        threading.Thread(target=_watch, name="slow requests", daemon=True).start()
    if requests.isEnabledFor(logging.DEBUG):
        requests.debug("request_begins", extra={"fields": _fields(environ)})


def warn_of_slow(now: float) -> None:
    """Log each request that has taken longer than SLOW_SECONDS, once."""
    found = {request_id: (started, environ) for started, environ, request_id in list(_active.values())}
    _warned.intersection_update(found)
    for request_id, (started, environ) in found.items():
        if now - started > SLOW_SECONDS and request_id not in _warned:
            _warned.add(request_id)
            fields = {**_fields(environ), "seconds": round(now - started), "request_id": request_id}
            requests.warning("request_takes_long", extra={"fields": fields})


def _note_end(response: Response) -> Response:
    _active.pop(threading.get_ident(), None)
    return response


def _watch() -> None:
    while True:
        time.sleep(INTERVAL)
        warn_of_slow(time.perf_counter())


def _fields(environ: Any) -> dict[str, str]:
    return {"method": environ["REQUEST_METHOD"], "path": environ.get("PATH_INFO", "")[:MAX_PATH_LENGTH]}
