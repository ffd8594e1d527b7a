"""Where rate limits are counted: moving windows in memory within a bound, or in Redis for all processes.

Both take a request's limits together: either each of them had room and has been charged, or none has been.
"""

import hmac
import math
import threading
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from limits.storage import MovingWindowSupport, Storage

from forms_service.redis_client import RedisCircuitBreaker

MAX_HITS = 200_000
"""Hits remembered in memory, 8 bytes each and some 200 for a new client; beyond it the longest unseen go."""


class LimitCheck(NamedTuple):
    """One limit that a request is charged to: at most `limit` in any `window` seconds, this one counting `cost`."""

    key: str
    limit: int
    window: int
    cost: int = 1


class LimitState(NamedTuple):
    """What is left of a limit, the second at which there is more, and the seconds until the hit fits (0: it did)."""

    limit: int
    remaining: int
    reset: int
    wait: int


class MemoryStorage(Storage, MovingWindowSupport):
    """Limits of one process. What limits' own memory storage lacks is the bound: it never forgets a client."""

    STORAGE_SCHEME = ["bounded-memory"]

    def __init__(self, uri: str | None = None, most_hits: int = MAX_HITS, **options: Any) -> None:
        super().__init__(uri, **options)
        self._hits: OrderedDict[str, array[float]] = OrderedDict()  # by key, each the oldest first
        self._count = 0
        self._max_hits = most_hits
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing that it does fails."""
        return ValueError

    def hit_all(self, hits: Sequence[LimitCheck]) -> list[LimitState]:
        """Charge all or none; a window with a `wait` is one that had no room."""
        now = time.time()
        with self._lock:
            found = [self._live(hit, now) for hit in hits]
            waits = [_wait(times, hit, now) for times, hit in zip(found, hits, strict=True)]
            if not any(waits):
                for times, hit in zip(found, hits, strict=True):
                    self._charge(times, hit, now)
                self._forget()
            return [
                _state(hit, len(times), times[0] if times else None, wait, now)
                for hit, times, wait in zip(hits, found, waits, strict=True)
            ]

    def _live(self, hit: LimitCheck, now: float) -> "array[float]":
        """The hits of a key that are still in its window; a key that has none is not kept."""
        times = self._hits.get(hit.key, array("d"))
        gone = bisect_right(times, now - hit.window)
        if gone:
            del times[:gone]
            self._count -= gone
            if not times:
                del self._hits[hit.key]
        return times

    def _charge(self, times: "array[float]", hit: LimitCheck, now: float) -> None:
        times.extend([now] * hit.cost)
        self._count += hit.cost
        self._hits[hit.key] = times
        self._hits.move_to_end(hit.key)

    def _forget(self) -> None:
        while self._count > self._max_hits and len(self._hits) > 1:
            _, times = self._hits.popitem(last=False)
            self._count -= len(times)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Charge one limit, as Flask-Limiter's own decorators do."""
        return not self.hit_all([LimitCheck(key, limit, expiry, amount)])[0].wait

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest hit in the window, and how many there are."""
        with self._lock:
            times = self._live(LimitCheck(key, limit, expiry), time.time())
            return (times[0] if times else time.time(), len(times))

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many keys there were."""
        with self._lock:
            count, self._count = len(self._hits), 0
            self._hits.clear()
            return count

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._count -= len(self._hits.pop(key, ()))

    def refund(self, key: str) -> None:
        """Take the newest hit of a key back."""
        with self._lock:
            if self._hits.get(key):
                self._hits[key].pop()
                self._count -= 1

    def get(self, key: str) -> int:
        """How many hits a key has."""
        return len(self._hits.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Not used by a moving window."""
        return time.time()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not used by a moving window."""
        self.hit_all([LimitCheck(key, 2**31, expiry, amount)])
        return self.get(key)


class RedisStorage(MemoryStorage):
    """Limits of all processes, in Redis by Redis's clock; in this process's memory while Redis is away."""

    STORAGE_SCHEME = ["shared-redis"]
    PREFIX = "forms:limit:"

    def __init__(
        self, uri: str | None = None, guard: RedisCircuitBreaker | None = None, secret: str = "", **options: Any
    ) -> None:
        super().__init__(uri, **options)
        self._secret = secret.encode()
        self._guard = cast("RedisCircuitBreaker", guard)
        self._script = self._guard.client.register_script(HIT_ALL_SCRIPT)

    def hit_all(self, hits: Sequence[LimitCheck]) -> list[LimitState]:
        """Charge all or none, in one round trip."""
        keys = [self._name(hit.key) for hit in hits]
        numbers = [number for hit in hits for number in (hit.limit, hit.window, hit.cost)]
        memory = super().hit_all
        found = self._guard.call(lambda client: self._script(keys, numbers, client=client), lambda: None)
        if found is None:
            return memory(hits)
        return [
            _state(hit, count, float(oldest), math.ceil(float(wait)), float(now))
            for hit, (count, oldest, wait, now) in zip(hits, found, strict=True)
        ]

    def clear(self, key: str) -> None:
        """Forget one key, here and for all processes."""
        super().clear(key)
        self._guard.call(lambda client: client.delete(self._name(key)), lambda: None)

    def refund(self, key: str) -> None:
        """Take the newest hit of a key back, here and for all processes."""
        super().refund(key)
        self._guard.call(lambda client: client.rpop(self._name(key)), lambda: None)

    def _name(self, key: str) -> str:
        """The key in Redis: the name of the limit, and a keyed hash of who it counts."""
        limit, _, counted = key.partition(":")
        return f"{self.PREFIX}{limit}:{hmac.digest(self._secret, counted.encode(), 'sha256')[:16].hex()}"

    def check(self) -> bool:
        """Whether Redis answers."""
        return self._guard.call(lambda client: bool(client.ping()), lambda: False)


HIT_ALL_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local refused = false
local waits = {}
for i, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
  while true do  -- the oldest first
    local oldest = redis.call('LINDEX', key, 0)
    if not oldest or tonumber(oldest) > now - window then break end
    redis.call('LPOP', key)
  end
  local blocking = redis.call('LINDEX', key, redis.call('LLEN', key) + cost - limit - 1)
  waits[i] = 0
  if redis.call('LLEN', key) + cost > limit then
    refused = true
    waits[i] = math.max(0.001, (blocking and tonumber(blocking) or now) + window - now)
  end
end
local answer = {}
for i, key in ipairs(KEYS) do
  if not refused then
    for _ = 1, tonumber(ARGV[3*i]) do redis.call('RPUSH', key, string.format('%.6f', now)) end
    redis.call('EXPIRE', key, ARGV[3*i-1])
  end
  local clock = string.format('%.6f', now)
  local oldest = redis.call('LINDEX', key, 0) or clock
  answer[i] = {redis.call('LLEN', key), oldest, string.format('%.6f', waits[i]), clock}
end
return answer
"""
"""Every limit's list of hits, the oldest first; the commands of a script are one step to everybody else."""


def _wait(times: "array[float]", hit: LimitCheck, now: float) -> int:
    """Whole seconds until `cost` more fit, 0 if they do now."""
    over = len(times) + hit.cost - hit.limit
    if over <= 0:
        return 0
    blocking = times[over - 1] if over <= len(times) else now
    return max(1, math.ceil(blocking + hit.window - now))


def _state(hit: LimitCheck, count: int, oldest: float | None, wait: int, now: float) -> LimitState:
    frees_at = now if oldest is None else oldest + hit.window
    return LimitState(hit.limit, max(0, hit.limit - count), math.ceil(max(frees_at, now + wait)), wait)
