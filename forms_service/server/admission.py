"""Admission control: requests beyond the threads wait here, fairly, and are refused once a queue persists."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

BURST_WAIT = 0.5
"""Seconds that a request waits at most while its queue is young."""

BURST = 0.3
"""Seconds; a queue that is older, or follows a refusal sooner, is overload, not a burst."""

OVERLOAD_WAIT = 0.08
"""Seconds that a request waits at most then."""

RESERVED = re.compile(rb"(?:GET|HEAD) /(?:\S*/)?health(?:/live|/ready)?[? ]")
"""Requests that have threads of their own."""

Job = TypeVar("Job")


def admission_key(request_line: bytes) -> bytes | None:
    """Return the queue of a request: each form has its own; None for health checks."""
    if RESERVED.match(request_line):
        return None
    return request_line.partition(b"?")[0] if request_line.startswith(b"POST ") else b""


class _Queue(Generic[Job]):
    """Lives until it is empty, so its age tells a burst from overload."""

    def __init__(self, now: float) -> None:
        self.created_at = now
        self.jobs: deque[tuple[float, Job]] = deque()


class Admission(Generic[Job]):
    """Gives `slots` to jobs, at most `share` to those of one key; keys that wait take turns."""

    def __init__(self, slots: int, share: int) -> None:
        self._free = slots
        self._share = share
        self._running: Counter[bytes] = Counter()
        self._queues: dict[bytes, _Queue[Job]] = {}
        self._refused_at = -BURST

    def enter(self, key: bytes) -> bool:
        """Take a slot, if no other job of this key waits for one."""
        if self._free < 1 or self._running[key] >= self._share or key in self._queues:
            return False
        self.force(key)
        return True

    def force(self, key: bytes) -> None:
        """Take a slot, even if none is free."""
        self._free -= 1
        self._running[key] += 1

    def wait(self, key: bytes, job: Job, now: float) -> bool:
        """Queue a job; false if it would wait too long."""
        queue = self._queues.get(key)
        if queue and self._deadline(queue, now) - now < OVERLOAD_WAIT / 2:
            self._refused_at = now
            return False  # as long as the first waits for so long, the last would be refused later
        if queue is None:
            queue = self._queues[key] = _Queue(now)
        queue.jobs.append((now, job))
        return True

    def leave(self, key: bytes) -> None:
        self._free += 1
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]

    def admitted(self) -> Iterator[Job]:
        """Give free slots to waiting jobs."""
        while self._free > 0:
            key = next((key for key in self._queues if self._running[key] < self._share), None)
            if key is None:
                return
            queue = self._queues.pop(key)
            _, job = queue.jobs.popleft()
            if queue.jobs:
                self._queues[key] = queue  # at the end: the next key has its turn
            self.force(key)
            yield job

    def overdue(self, now: float) -> Iterator[Job]:
        """Take out the jobs that have waited too long."""
        for key, queue in list(self._queues.items()):
            while queue.jobs and self._deadline(queue, now) <= now:
                self._refused_at = now
                yield queue.jobs.popleft()[1]
            if not queue.jobs:
                del self._queues[key]

    def next_deadline(self, now: float) -> float | None:
        return min((self._deadline(queue, now) for queue in self._queues.values()), default=None)

    def _deadline(self, queue: _Queue[Job], now: float) -> float:
        """Return when its first job is refused."""
        is_burst = now - queue.created_at < BURST <= now - self._refused_at
        return queue.jobs[0][0] + (BURST_WAIT if is_burst else OVERLOAD_WAIT)
