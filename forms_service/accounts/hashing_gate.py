"""Concurrency limit for password hashing."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from forms_service.errors import ServiceUnavailableError
from forms_service.languages.sentences import N_
from forms_service.metrics import HASHING_REFUSED


class HashingBusyError(ServiceUnavailableError):
    """Nothing was hashed or compared."""

    message = N_("The service is busy with sign-ins. Try again in a moment.")


class HashingGate:
    """Lets `slots` threads hash; `max_waiting` more queue (FIFO) up to `timeout` seconds.

    bcrypt holds a core for 250 ms: a flood of sign-ups would starve other requests.
    """

    def __init__(self, slots: int, max_waiting: int, timeout: float) -> None:
        self._free = slots
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot, or raise HashingBusyError."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._max_waiting:
                raise self._refusal()
            turn = threading.Event()
            self._waiting.append(turn)
        if not turn.wait(self._timeout):
            with self._lock:
                if not turn.is_set():  # it may have come just now
                    self._waiting.remove(turn)
                    raise self._refusal()

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _refusal(self) -> HashingBusyError:
        HASHING_REFUSED.inc()
        return HashingBusyError()
