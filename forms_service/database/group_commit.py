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


class Grouping(Generic[Item, Outcome]):
    """Does `work` for items that come from many threads, in groups, one after the other.

    There is no thread for it: the first to come works for itself and for those who are on their way, as many as
    `coming` says; who comes later waits, and the first of them then works for all of those.
    """

    def __init__(self, work: Work[Item, Outcome], coming: Callable[[], int] = lambda: 0) -> None:
        self._work = work
        self._coming = coming
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Item, Outcome]] = []
        self._busy = False
        self._gathered = threading.Event()

    def do(self, item: Item) -> Outcome:
        """What became of the item; raises what went wrong with it."""
        turn: _Turn[Item, Outcome] = _Turn(item)
        with self._lock:
            self._waiting.append(turn)
            leads, self._busy = not self._busy, True
            if self._all_here():
                self._gathered.set()
        if not leads:
            turn.wait()
        if turn.outcome is None:
            self._lead()
        if isinstance(turn.outcome, Exception):
            raise turn.outcome
        return cast("Outcome", turn.outcome)

    def _lead(self) -> None:
        """Work for everybody who waits, oneself among them, and hand over to who has come since."""
        self._gathered.clear()
        if not self._all_here():  # looked at after the clearing, or the last to come would be slept through
            self._gathered.wait(MAX_DELAY)
        with self._lock:
            group, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        outcomes: list[Outcome | Exception] = [ServiceUnavailableError()] * len(group)
        try:
            outcomes = self._work([turn.item for turn in group])
        except Exception as error:  # noqa: BLE001 (raised again in every thread that waits)
            outcomes = [error] * len(group)
        finally:  # whatever happens to this thread, nobody waits for ever
            self._tell(group, outcomes)

    def _all_here(self) -> bool:
        return len(self._waiting) >= min(self._coming(), MAX_BATCH)

    def _tell(self, group: "list[_Turn[Item, Outcome]]", outcomes: list[Outcome | Exception]) -> None:
        for turn, outcome in zip(group, outcomes, strict=True):
            turn.outcome = outcome
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._busy = following is not None
        if following:
            following.call()
        waiting = group[1:]  # the first is who leads
        for turn, after in pairwise(waiting):
            turn.after = after
        if waiting:
            waiting[0].call()


class _Turn(Generic[Item, Outcome]):
    """One item and the thread that waits for its outcome, or for its turn to lead."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | Exception | None = None
        self.after: _Turn[Item, Outcome] | None = None
        """Who is called when this one goes on: twenty that wake up at once would only be in each other's way."""

        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self) -> None:
        """Until somebody calls; then it is for this one to call the next."""
        self._gate.acquire()
        if self.after:
            self.after.call()

    def call(self) -> None:
        """Let the thread go on."""
        self._gate.release()
