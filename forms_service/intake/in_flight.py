"""Tracks in-flight submissions: caps concurrency per form, rejects concurrent use of an idempotency key."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app

from forms_service.config import THREADS
from forms_service.errors import ConflictError, ServiceUnavailableError
from forms_service.languages.sentences import N_

MAX_PER_FORM = THREADS * 3 // 4
"""Leaves threads for other forms."""


class InFlight:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads: set[int] = set()
        self.forms: Counter[str] = Counter()
        self.keys: set[tuple[str, str, str]] = set()


def init_app(app: Flask) -> None:
    app.extensions["in_flight"] = InFlight()


@contextmanager
def form_slot(form_id: str) -> Iterator[None]:
    """Hold a slot of the form.

    :raises ServiceUnavailableError: when all are taken
    """
    in_flight, thread = _in_flight(), threading.get_ident()
    with in_flight.lock:
        if in_flight.forms[form_id] >= MAX_PER_FORM:
            raise ServiceUnavailableError(
                N_("Too many people are submitting this form right now. Try again in a moment.")
            )
        in_flight.forms[form_id] += 1
        in_flight.threads.add(thread)
    try:
        yield
    finally:
        with in_flight.lock:
            in_flight.threads.discard(thread)
            in_flight.forms[form_id] -= 1
            if not in_flight.forms[form_id]:
                del in_flight.forms[form_id]


@contextmanager
def idempotency_lock(form_id: str, client: str, key: str) -> Iterator[None]:
    """Hold the key; storing finds duplicates across processes.

    :raises ConflictError: while another request holds it
    """
    in_flight, held = _in_flight(), (form_id, client, key)
    with in_flight.lock:
        if held in in_flight.keys:
            raise ConflictError(N_("A request with this Idempotency-Key is still in progress. Try again in a moment."))
        in_flight.keys.add(held)
    try:
        yield
    finally:
        with in_flight.lock:
            in_flight.keys.discard(held)


def _in_flight() -> InFlight:
    return cast("InFlight", current_app.extensions["in_flight"])
