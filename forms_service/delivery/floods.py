"""Remembers where due messages begin behind floods, so that few queries scan past these."""

import time
from collections.abc import Callable
from datetime import datetime

MAX_FLOODS = 100

MIN_SECONDS = 1.0
"""A message that commits late, behind this place in the queue, waits at most as long."""

SCAN_FACTOR = 20
"""Times the duration of a scan until the next one."""


class Floods:
    """Lanes that filled a window, and the due time of the first message of any other lane."""

    def __init__(self) -> None:
        self._lanes: set[bytes] = set()
        self._skipped: frozenset[bytes] = frozenset()
        self._start: datetime | None = None
        self._expires_at = 0.0

    def add(self, lane: bytes) -> None:
        if len(self._lanes) >= MAX_FLOODS:
            self._lanes.clear()
            self._skipped = frozenset()
        self._lanes.add(lane)

    def start(self, blocked: set[bytes], scan: Callable[[frozenset[bytes]], datetime]) -> datetime | None:
        """Return a due time before which all messages are of `blocked` lanes; None if unknown.

        `scan` returns it for the lanes that it is given.
        """
        flooded = frozenset(self._lanes & blocked)
        if flooded and time.monotonic() >= self._expires_at:
            started = time.monotonic()
            self._start, self._skipped = scan(flooded), flooded
            now = time.monotonic()
            self._expires_at = now + max((now - started) * SCAN_FACTOR, MIN_SECONDS)
        return self._start if self._skipped and self._skipped <= blocked else None
