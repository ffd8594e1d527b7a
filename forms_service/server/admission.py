"""Admission control: some requests run, some wait for their turn, and the others are refused at once."""

import math
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

MAX_EXPECTED_WAIT = 2.0
"""Seconds; a job that would wait longer is refused at once."""

MAX_STANDSTILL = 1.0
"""Seconds without a job of its queue served; then all that wait in it are refused."""

FIRST_RATE = 100.0
"""Jobs of a queue per second, until it is known."""

RATE_SECONDS = 2.0
"""Seconds that the rate is averaged over, so that a moment's pause refuses nobody."""

LAG_WEIGHT = 0.1
"""Of the newest lag in the average."""

MIN_SLOTS = 32
MAX_LAG = 0.004
"""Seconds that the event loop may be late on average: beyond, it waits for the GIL behind too many threads."""

IDLE_LAG = 0.001
"""Seconds; with less, the threads wait for something else than the processor."""

STALL = 0.02
"""Seconds without a finished job; then an event loop in time tells the same."""

RESERVED = re.compile(rb"(?:GET|HEAD) /(?:\S*/)?health(?:/live|/ready)?[? ]")
"""Requests that have threads of their own."""

Job = TypeVar("Job")


def admission_key(request_line: bytes) -> bytes | None:
    """Return the queue of a request: each form has its own; None for health checks."""
    if RESERVED.match(request_line):
        return None
    return request_line.partition(b"?")[0] if request_line.startswith(b"POST ") else b""


class _Queue(Generic[Job]):
    """Lives until it is empty."""

    def __init__(self, now: float) -> None:
        self.jobs: deque[Job] = deque()
        self._rate = FIRST_RATE
        self._served_at = now

    def expected_wait(self, now: float) -> float:
        """Return the seconds that a further job would wait."""
        return len(self.jobs) / self._rate_at(now)

    def serve(self, now: float) -> Job:
        self._rate = self._rate_at(now) + 1 / RATE_SECONDS
        self._served_at = now
        return self.jobs.popleft()

    def _rate_at(self, now: float) -> float:
        return self._rate * math.exp((self._served_at - now) / RATE_SECONDS)

    @property
    def given_up_at(self) -> float:
        return self._served_at + MAX_STANDSTILL


class Admission(Generic[Job]):
    """Gives slots to jobs, at most three quarters to those of one key; keys that wait take turns.

    There are from MIN_SLOTS to `max_slots`: fewer while the event loop lags, more while jobs wait without it.
    """

    def __init__(self, max_slots: int) -> None:
        self._min_slots, self._max_slots = min(MIN_SLOTS, max_slots), max_slots
        self._slots = self._min_slots
        self._used = 0
        self._running: Counter[bytes] = Counter()
        self._queues: dict[bytes, _Queue[Job]] = {}
        self._progress_at = 0.0
        self._stalled = False
        self._lag = 0.0

    def enter(self, key: bytes) -> bool:
        """Take a slot, if no other job of this key waits for one."""
        if key in self._queues or not self._has_slot(key):
            return False
        self.force(key)
        return True

    def force(self, key: bytes) -> None:
        """Take a slot, even if none is free."""
        self._used += 1
        self._running[key] += 1

    def wait(self, key: bytes, job: Job, now: float) -> bool:
        """Queue a job; false if it would wait too long."""
        queue = self._queues.get(key)
        if self._stalled or (queue and queue.expected_wait(now) > MAX_EXPECTED_WAIT):
            return False
        if not self._queues:
            self._progress_at = now
        if queue is None:
            queue = self._queues[key] = _Queue(now)
        queue.jobs.append(job)
        return True

    def leave(self, key: bytes, lag: float, now: float) -> None:
        """Free a slot; `lag` is how late the event loop learns of it."""
        self._stalled, self._progress_at = False, now
        self._used -= 1
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        self._adapt_slots(lag)

    def admitted(self, now: float) -> Iterator[Job]:
        """Give free slots to waiting jobs."""
        if self._queues and now >= self._progress_at + STALL:
            self._adapt_slots(now - self._progress_at - STALL)
            self._progress_at = now
        while (key := next((key for key in self._queues if self._has_slot(key)), None)) is not None:
            queue = self._queues.pop(key)
            job = queue.serve(now)
            if queue.jobs:
                self._queues[key] = queue  # at the end: the next key has its turn
            self.force(key)
            yield job

    def overdue(self, now: float) -> Iterator[Job]:
        """Take out the jobs of queues at a standstill."""
        for key, queue in list(self._queues.items()):
            if queue.given_up_at <= now:
                self._stalled = True
                del self._queues[key]
                yield from queue.jobs

    def next_deadline(self) -> float | None:
        """Return when `admitted` or `overdue` may have a job, if none finishes before."""
        if not self._queues:
            return None
        return min(self._progress_at + STALL, *(queue.given_up_at for queue in self._queues.values()))

    def _has_slot(self, key: bytes) -> bool:
        return self._used < self._slots and self._running[key] < max(1, self._slots * 3 // 4)

    def _adapt_slots(self, lag: float) -> None:
        self._lag += LAG_WEIGHT * (lag - self._lag)
        if self._lag > MAX_LAG:
            self._slots = max(self._min_slots, self._slots - 1)
        elif self._lag < IDLE_LAG and self._queues:
            self._slots = min(self._max_slots, self._slots + 1)
