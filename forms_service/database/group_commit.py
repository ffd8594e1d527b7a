"""Several that wait to write are one transaction: whoever comes first writes for all who came meanwhile."""

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Generic, TypeVar, cast

from forms_service.errors import ServiceUnavailableError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

Work = Callable[[Sequence[Item]], list[Outcome | Exception]]
"""Does something for all items at once, and says what became of each."""

MAX_BATCH = 64
"""Items of one group: what a commit may hold, and how long the last of them waits."""

MAX_DELAY = 0.005
"""Seconds for which whoever leads waits for those who are on their way; the processor is theirs meanwhile."""


class GroupCommit(Generic[Item, Outcome]):
    """Does `work` for items that come from many threads, in groups, one after the other.

    There is no thread for it: the first to come works for itself and for those who are on their way, as many as
    `coming` says; who comes later waits, and the first of them then works for all of those.
    """

    def __init__(self, work: Work[Item, Outcome], in_flight: Callable[[], int] = lambda: 0) -> None:
        self._work = work
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[Item, Outcome]] = []
        self._busy = False
        self._batch_complete = threading.Event()

    def submit(self, item: Item) -> Outcome:
        """What became of the item; raises what went wrong with it."""
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
        """Work for everybody who waits, oneself among them, and hand over to who has come since."""
        self._batch_complete.clear()
        if not self._is_batch_complete():  # looked at after the clearing, or the last to come would be slept through
            self._batch_complete.wait(MAX_DELAY)
        with self._lock:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        outcomes: list[Outcome | Exception] = [ServiceUnavailableError()] * len(batch)
        try:
            outcomes = self._work([waiter.item for waiter in batch])
        except Exception as error:  # noqa: BLE001 (raised again in every thread that waits)
            outcomes = [error] * len(batch)
        finally:  # whatever happens to this thread, nobody waits for ever
            self._publish(batch, outcomes)

    def _is_batch_complete(self) -> bool:
        return len(self._waiting) >= min(self._in_flight(), MAX_BATCH)

    def _publish(self, batch: "list[_Waiter[Item, Outcome]]", outcomes: list[Outcome | Exception]) -> None:
        for waiter, outcome in zip(batch, outcomes, strict=True):
            waiter.outcome = outcome
        with self._lock:
            next_leader = self._waiting[0] if self._waiting else None
            self._busy = next_leader is not None
        if next_leader:
            next_leader.wake()
        followers = batch[1:]  # the first is who leads
        for waiter, next_waiter in pairwise(followers):
            waiter.next_waiter = next_waiter
        if followers:
            followers[0].wake()


class _Waiter(Generic[Item, Outcome]):
    """One item and the thread that waits for its outcome, or for its turn to lead."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | Exception | None = None
        self.next_waiter: _Waiter[Item, Outcome] | None = None
        """Who is called when this one goes on: twenty that wake up at once would only be in each other's way."""

        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self) -> None:
        """Until somebody calls; then it is for this one to call the next."""
        self._gate.acquire()
        if self.next_waiter:
            self.next_waiter.wake()

    def wake(self) -> None:
        """Let the thread go on."""
        self._gate.release()
