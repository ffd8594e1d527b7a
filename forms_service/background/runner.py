"""Runs background work in the serving process, in `flask worker`, or both.

A server may fork after loading the app, so threads start only in the process that serves.
"""

import atexit
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import cast

import click
from flask import Flask
from flask.helpers import get_debug_flag
from sqlalchemy.exc import DBAPIError
from werkzeug.serving import is_running_from_reloader

from forms_service.background import periodic
from forms_service.database.engine import first_line
from forms_service.encryption import rotation
from forms_service.errors import ServiceUnavailableError
from forms_service.rate_limiting import database_storage

TASK_INTERVAL = 5.0
LIMITS_INTERVAL = 60
REENCRYPT_INTERVAL = 60
"""Seconds; longer than the key ring's RELOAD_INTERVAL."""

MAX_RETRY_DELAY = 15.0
"""Seconds, while the database is unavailable."""

STOP_TIMEOUT = 25
"""Seconds for the current message."""

Work = Callable[[Callable[[], bool]], object]
"""One pass, until its argument returns true."""

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    periodic.init_app(app)
    periodic.register(app, "re-encryption", REENCRYPT_INTERVAL, rotation.continue_in_background)
    periodic.register(app, "limits", LIMITS_INTERVAL, database_storage.sweep)
    app.extensions["background"] = Background(app)
    add_loop(app, "tasks", periodic.run_due, TASK_INTERVAL)


def add_loop(app: Flask, name: str, work: Work, seconds: float) -> threading.Event:
    """Repeat `work` in its own thread; return the event that wakes it."""
    loop = _background_of(app).loops[name] = Loop(app, name, work, seconds)
    return loop.woken


def start(app: Flask) -> None:
    """Start the loops once per process, if BACKGROUND_WORK is `inside`."""
    if app.config["SETTINGS"].background_work == "inside":
        _background_of(app).start()


def start_with_server(app: Flask) -> None:
    """Start at the latest with the first request."""
    if "mod_wsgi" in sys.modules:
        start(app)
    elif _flask_run_serves():
        start(app)
        _handle_sigterm()
    app.before_request(lambda: start(app))


def run_worker(app: Flask) -> None:
    """Work until SIGTERM or SIGINT, finishing the current message."""
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    background = _background_of(app)
    background.start()
    stop_requested.wait()
    background.stop()


class Loop:
    """Repeats work when woken and at an interval."""

    def __init__(self, app: Flask, name: str, work: Work, seconds: float) -> None:
        self._app = app
        self._work = work
        self._seconds = seconds
        self._name = name
        self.woken = threading.Event()
        self._stopping = threading.Event()
        self._failures = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping, self._failures = threading.Event(), 0
        # a thread from before a fork is the parent's
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.woken.set()

    def join(self, seconds: float) -> None:
        if self._thread:
            self._thread.join(max(seconds, 0))

    def _run(self) -> None:
        while True:
            self.woken.clear()
            if self._stopping.is_set():  # after clear(), otherwise a call to stop() could be missed
                return
            self._once()
            pause = min(2.0**self._failures, MAX_RETRY_DELAY) if self._failures else self._seconds
            self.woken.wait(pause)

    def _once(self) -> None:
        try:
            with self._app.app_context():
                self._work(self._stopping.is_set)
        except Exception as error:  # noqa: BLE001 (logged; the loop must go on)
            self._failed(error)
        else:
            if self._failures:
                log.warning("Background work resumed.")
            self._failures = 0

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        # log only the first of several failures in a row
        if self._failures > 1:
            return
        if isinstance(error, DBAPIError | ServiceUnavailableError):
            log.error("Background work is waiting for the database: %s", first_line(error))
        else:
            log.exception("Background work failed and will be retried.")


class Background:
    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._process: int | None = None
        self.loops: dict[str, Loop] = {}

    def start(self) -> None:
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process == os.getpid():
                return
            log.info("Background work started.")  # before the threads log anything
            for loop in self.loops.values():
                loop.start()
            self._process = os.getpid()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop after the current message or STOP_TIMEOUT; its lease then expires."""
        if self._process != os.getpid():
            return
        deadline = time.monotonic() + STOP_TIMEOUT
        for loop in self.loops.values():
            loop.stop()
        for loop in self.loops.values():
            loop.join(deadline - time.monotonic())
        self._process = None
        atexit.unregister(self.stop)


def _background_of(app: Flask) -> Background:
    return cast("Background", app.extensions["background"])


def _flask_run_serves() -> bool:
    command = click.get_current_context(silent=True)
    if command is None or command.info_name != "run":
        return False
    reloads: bool | None = command.params.get("reload")
    reloads = get_debug_flag() if reloads is None else reloads
    # not in the reloader's parent
    return is_running_from_reloader() or not reloads


def _handle_sigterm() -> None:
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
