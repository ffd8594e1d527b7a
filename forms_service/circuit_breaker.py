"""A circuit breaker: after a failure, calls fail at once, except one trial per interval."""

import threading
import time


class CircuitBreaker:
    """Tracks failures of one dependency."""

    def __init__(self, retry_interval: float = 2.0) -> None:
        """Take the interval in seconds."""
        self._retry_interval = retry_interval
        self.reason: str | None = None
        """Of the last failure; None while the circuit is closed."""

        self._retry_at = 0.0
        self._lock = threading.Lock()

    @property
    def is_shut_off(self) -> bool:
        """Whether a call would fail at once."""
        return self.reason is not None and time.monotonic() < self._retry_at

    def begin_call(self) -> bool:
        """Whether to call it; while the circuit is open, True for one trial per interval."""
        if self.reason is None:
            return True
        with self._lock:
            if time.monotonic() < self._retry_at:
                return False
            self._retry_at = time.monotonic() + self._retry_interval
            return True

    def record_failure(self, reason: str) -> bool:
        """Open the circuit; True if it was closed."""
        with self._lock:
            was_closed, self.reason = self.reason is None, reason
            self._retry_at = time.monotonic() + self._retry_interval
        return was_closed

    def record_success(self) -> bool:
        """Close the circuit; True if it was open."""
        if self.reason is None:
            return False
        with self._lock:
            was_open, self.reason = self.reason is not None, None
        return was_open
