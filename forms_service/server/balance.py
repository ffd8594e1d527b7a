"""Balances connections between workers, which accept them from one socket.

Without it, the worker that wakes first takes all connections that come at once, and keeps them.
"""

import mmap
import sys
from collections.abc import Collection

MAX_WORKERS = 64
"""Further ones accept whatever comes."""

NOBODY = -1

PAUSE = 0.002
"""Seconds that a worker leaves the next connection to one with fewer."""

LATE_BATCH = 4
"""Connections that it accepts after the pause: the other may be busy, or hang."""

TOLERANCE = 8
"""A worker may have one more for so many that the other has."""


class ConnectionCounts:
    """Connections of each worker, in memory that they share; made before they are forked."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, MAX_WORKERS * 4)).cast("i")
        self._counts[:] = memoryview(b"\xff" * MAX_WORKERS * 4).cast("i")

    def __setitem__(self, slot: int, connections: int) -> None:
        self._counts[slot] = connections

    def least_of_others(self, slot: int) -> int | None:
        """Return the fewest connections that another worker has; None if there is no other."""
        others = [count for other, count in enumerate(self._counts) if count != NOBODY and other != slot]
        return min(others, default=None)


class Balance:
    """Bounds the connections that one worker accepts by those of the others."""

    def __init__(self, counts: ConnectionCounts, slots_in_use: Collection[int | None]) -> None:
        self._counts = counts
        self.slot = next((slot for slot in range(MAX_WORKERS) if slot not in slots_in_use), None)
        self._paused_until: float | None = None

    def record(self, connections: int) -> None:
        """Tell the other workers."""
        if self.slot is not None:
            self._counts[self.slot] = connections

    def leave(self) -> None:
        """Count no more: this worker ends."""
        self.record(NOBODY)
        self.slot = None

    def allowance(self, connections: int, now: float) -> int:
        """Return how many to accept now; 0 begins a pause."""
        if self.slot is None:
            return sys.maxsize
        self.record(connections)
        least = self._counts.least_of_others(self.slot)
        spare = sys.maxsize if least is None else least + 1 + least // TOLERANCE - connections
        if spare > 0:
            self._paused_until = None
            return spare
        if self._paused_until is None:
            self._paused_until = now + PAUSE
        if self.pause_left(now):
            return 0
        self._paused_until = None
        return LATE_BATCH

    def pause_left(self, now: float) -> float:
        """Return the seconds until the end of the pause; 0 without one."""
        return 0.0 if self._paused_until is None else max(0.0, self._paused_until - now)
