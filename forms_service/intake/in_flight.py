"""What is in hand at the moment: a bound for each form, and each idempotency key once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from forms_service.config import THREADS
from forms_service.errors import ConflictError, ServiceUnavailableError

MAX_PER_FORM = THREADS * 3 // 4
"""Threads of the process that one form's submissions may take: a flood on it leaves the rest to the others."""


class InFlight:
    """The submissions that this process is taking."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: Counter[str] = Counter()
        self._all = 0
        self._keys: set[tuple[str, str, str]] = set()

    def count(self) -> int:
        """How many there are."""
        return self._all

    @contextmanager
    def form_slot(self, form_id: str) -> Iterator[None]:
        """A place among the form's.

        :raises ServiceUnavailableError: when there is none
        """
        with self._lock:
            if self._forms[form_id] >= MAX_PER_FORM:
                raise ServiceUnavailableError(
                    "Too many people are submitting this form right now. Try again in a moment."
                )
            self._forms[form_id] += 1
            self._all += 1
        try:
            yield
        finally:
            with self._lock:
                self._all -= 1
                self._forms[form_id] -= 1
                if not self._forms[form_id]:
                    del self._forms[form_id]

    @contextmanager
    def idempotency_lock(self, form_id: str, client: str, key: str | None) -> Iterator[None]:
        """The client's only one with that idempotency key.

        A second one in another process is not seen here: it finds what the first has stored when it stores itself.

        :raises ConflictError: while another runs
        """
        if key is None:
            yield
            return
        mine = (form_id, client, key)
        with self._lock:
            if mine in self._keys:
                raise ConflictError("A request with this Idempotency-Key is still in progress. Try again in a moment.")
            self._keys.add(mine)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(mine)


def init_app(app: Flask) -> None:
    """Nothing is in hand yet."""
    app.extensions["running"] = InFlight()


def submissions_in_flight() -> InFlight:
    """What the app's process has in hand."""
    found: InFlight = current_app.extensions["running"]
    return found
