"""Lanes: concurrency and a circuit breaker for each endpoint or mail domain.

They are in memory: each process learns by itself, and a restart forgets. A lane begins with one delivery at once and
earns more by successes, so an endpoint that hangs holds one thread.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from forms_service.database.types import now
from forms_service.delivery.message import Result

MAX_FAILURES = 5
"""In a row; then the circuit opens."""

SLOW_SECONDS = 5.0
SLOW_WEIGHT = 3
"""Failures that a slow one counts as: two timeouts open the circuit."""

FIRST_OPEN_SECONDS = 10.0
MAX_OPEN_SECONDS = 600.0
"""The time until a probe doubles up to this."""

MIN_SLOW_DOWN, MAX_SLOW_DOWN = 30.0, 3600.0
"""Seconds after 429, 502 or 504."""

MAX_OPEN_LANES = 500
"""Further circuits stay closed: a query leaves out at most so many lanes."""

MAX_LANES = 10_000


@dataclass(slots=True)
class Lane:
    """The state of one target."""

    in_flight: int = 0
    limit: int = 1
    failures: int = 0
    times_opened: int = 0
    """In a row."""

    open_until: datetime | None = None

    def is_open(self) -> bool:
        return self.open_until is not None and self.open_until > now()

    def is_saturated(self) -> bool:
        return self.in_flight >= self.limit

    def is_forgettable(self) -> bool:
        return not self.in_flight and not self.is_open()


class Lanes:
    """The lanes of one channel, used by all its threads."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._lanes: dict[bytes, Lane] = {}
        self._lock = threading.Lock()

    def blocked(self, *, ignore_circuits: bool = False) -> list[bytes]:
        """Return lanes that may not start a delivery now."""
        with self._lock:
            lanes = list(self._lanes.items())
        return [key for key, lane in lanes if lane.is_saturated() or (lane.is_open() and not ignore_circuits)]

    def start(self, key: bytes, *, ignore_circuits: bool = False) -> bool:
        """Reserve a delivery; False if the lane is saturated or its circuit open."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                self._make_room()
                lane = self._lanes[key] = Lane()
            if lane.is_saturated() or (lane.is_open() and not ignore_circuits):
                return False
            lane.in_flight += 1
            return True

    def release(self, keys: Iterable[bytes]) -> None:
        """Give reservations back."""
        for key in keys:
            self.finish(key, None)

    def finish(self, key: bytes, result: Result | None) -> None:
        """End a delivery; the result decides on the circuit."""
        with self._lock:
            lane = self._lanes[key]
            lane.in_flight -= 1
            if result is None or result.is_working is None:
                return
            if result.is_working:
                lane.limit = min(lane.limit + 1, self._concurrency)
                lane.failures, lane.times_opened, lane.open_until = 0, 0, None
            else:
                self._fail(lane, result)

    def _fail(self, lane: Lane, result: Result) -> None:
        lane.limit = 1
        lane.failures += SLOW_WEIGHT if (result.seconds or 0.0) > SLOW_SECONDS else 1
        is_probe = lane.times_opened > 0
        opens = result.reply.slow_down or is_probe or lane.failures >= MAX_FAILURES
        # those that were in flight when it opened say nothing new
        if not opens or lane.is_open() or sum(other.is_open() for other in self._lanes.values()) >= MAX_OPEN_LANES:
            return
        seconds = min(FIRST_OPEN_SECONDS * 2.0 ** min(lane.times_opened, 20), MAX_OPEN_SECONDS)
        if result.reply.slow_down:
            seconds = max(seconds, MIN_SLOW_DOWN, min(result.reply.retry_after or 0.0, MAX_SLOW_DOWN))
        lane.times_opened += 1
        lane.open_until = now() + timedelta(seconds=seconds)

    def _make_room(self) -> None:
        if len(self._lanes) >= MAX_LANES:
            self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.is_forgettable()}
