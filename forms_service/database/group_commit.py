"""Group commit: the first waiting thread (the leader) commits for every thread queued behind it."""

import threading
from collections.abc import Callable, Sequence, Sized
from itertools import pairwise
from typing import Generic, TypeVar, cast

from forms_service.errors import ServiceUnavailableError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

Work = Callable[[Sequence[Item]], list[Outcome | Exception]]
"""Returns each item's outcome."""

MAX_BATCH = 64
"""Bounds size and the last item's wait."""

MAX_DELAY = 0.005
"""Seconds to wait for in-flight items."""


class GroupCommit(Generic[Item, Outcome]):
    """Calls `work` with batches of many threads' items, without a thread of its own.

    The leader waits for the `in_flight` items; the next to arrive leads the next batch.
    """

    def __init__(self, work: Work[Item, Outcome], in_flight: Sized = ()) -> None:
        self._work = work
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item, Outcome]] = []
        self._busy = False
        self._batch_complete = threading.Event()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def submit(self, item: Item) -> Outcome:
        waiter: _Waiter[Item, Outcome] = _Waiter(item)
        with self._lock:
            self._waiting.append(waiter)
            leads, self._busy = not self._busy, True
            if self._is_batch_complete():
                self._batch_complete.set()
        if not leads:
            waiter.wait()
        if waiter.outcome is None:
            self._commit_batch()
        if isinstance(waiter.outcome, Exception):
            raise waiter.outcome
        return cast("Outcome", waiter.outcome)

    def _commit_batch(self) -> None:
        self._batch_complete.clear()
        if not self._is_batch_complete():  # after clear(), otherwise the last arrival's set() could be missed
            self._batch_complete.wait(MAX_DELAY)
        with self._lock:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        outcomes: list[Outcome | Exception]
        try:
            outcomes = self._work([waiter.item for waiter in batch])
        except Exception as error:  # noqa: BLE001 (raised in every waiting thread)
            outcomes = [error] * len(batch)
        except BaseException:  # this thread ends; the others must not wait for it
            self._publish(batch, [ServiceUnavailableError()] * len(batch))
            raise
        self._publish(batch, outcomes)

    def _is_batch_complete(self) -> bool:
        return len(self._waiting) >= min(len(self._in_flight), MAX_BATCH)

    def _publish(self, batch: "list[_Waiter[Item, Outcome]]", outcomes: list[Outcome | Exception]) -> None:
        for waiter, outcome in zip(batch, outcomes, strict=True):
            waiter.outcome = outcome
        with self._lock:
            next_leader = self._waiting[0] if self._waiting else None
            self._busy = next_leader is not None
        if next_leader:
            next_leader.wake()
        followers = batch[1:]  # without the leader
        for waiter, next_waiter in pairwise(followers):
            waiter.next_waiter = next_waiter
        if followers:
            followers[0].wake()


class _Waiter(Generic[Item, Outcome]):
    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | Exception | None = None
        self.next_waiter: _Waiter[Item, Outcome] | None = None
        """Each wakes the next, against a thundering herd."""

        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self) -> None:
        self._gate.acquire()
        if self.next_waiter:
            self.next_waiter.wake()

    def wake(self) -> None:
        self._gate.release()
