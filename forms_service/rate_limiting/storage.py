"""Storage of rate limits: moving windows in the memory of the process, or in Redis for all processes.

Both charge a request to all its limits together, or to none when one of them is used up.
"""

import hmac
import math
import threading
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from forms_service.redis_client import RedisCircuitBreaker

MAX_HITS = 200_000
"""Hits kept in memory: 8 bytes each, and about 200 for each key. Beyond it the least recently used keys go."""


class LimitCheck(NamedTuple):
    """A limit to charge: at most `limit` hits of `key` in any `window` seconds, this request being `cost` of them."""

    key: str
    limit: int
    window: int
    cost: int = 1


class LimitState(NamedTuple):
    """A limit after the check: hits left, the Unix time when one is freed, seconds until the request fits or 0."""

    limit: int
    remaining: int
    reset: int
    wait: int


class MemoryStorage:
    """Limits of one process, of at most `max_hits` hits."""

    def __init__(self, max_hits: int = MAX_HITS) -> None:
        self._hits: OrderedDict[str, array[float]] = OrderedDict()  # times by key, oldest first
        self._count = 0
        self._max_hits = max_hits
        self._lock = threading.Lock()

    def hit_all(self, checks: Sequence[LimitCheck]) -> list[LimitState]:
        """Charge all limits, or none if one of them has a `wait`."""
        now = time.time()
        with self._lock:
            hits = [self._drop_expired(check, now) for check in checks]
            waits = [_seconds_to_wait(times, check, now) for times, check in zip(hits, checks, strict=True)]
            if not any(waits):
                for times, check in zip(hits, checks, strict=True):
                    self._charge(times, check, now)
                self._evict()
            return [
                _state(check, len(times), times[0] if times else None, wait, now)
                for check, times, wait in zip(checks, hits, waits, strict=True)
            ]

    def _drop_expired(self, check: LimitCheck, now: float) -> "array[float]":
        """Return the hits of a key that are still in its window."""
        times = self._hits.get(check.key, array("d"))
        expired = bisect_right(times, now - check.window)
        if expired:
            del times[:expired]
            self._count -= expired
            if not times:
                del self._hits[check.key]
        return times

    def _charge(self, times: "array[float]", check: LimitCheck, now: float) -> None:
        times.extend([now] * check.cost)
        self._count += check.cost
        if times:
            self._hits[check.key] = times
            self._hits.move_to_end(check.key)

    def _evict(self) -> None:
        while self._count > self._max_hits and len(self._hits) > 1:
            _, times = self._hits.popitem(last=False)
            self._count -= len(times)

    def get(self, key: str) -> int:
        """Return the number of hits of a key in this process."""
        return len(self._hits.get(key, ()))

    def refund(self, key: str) -> None:
        """Take back the newest hit of a key."""
        with self._lock:
            if self._hits.get(key):
                self._hits[key].pop()
                self._count -= 1

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._count -= len(self._hits.pop(key, ()))

    def reset(self) -> int:
        """Forget all keys; return their number."""
        with self._lock:
            count, self._count = len(self._hits), 0
            self._hits.clear()
            return count


class RedisStorage(MemoryStorage):
    """Limits of all processes, by Redis's clock; in memory while Redis is unavailable."""

    PREFIX = "forms:limit:"

    def __init__(self, redis: RedisCircuitBreaker, secret: bytes) -> None:
        super().__init__()
        self._redis = redis
        self._secret = secret
        self._script = redis.client.register_script(HIT_ALL_SCRIPT)

    def hit_all(self, checks: Sequence[LimitCheck]) -> list[LimitState]:
        """Charge all limits, or none, in one round trip."""
        keys = [self._name(check.key) for check in checks]
        numbers = [number for check in checks for number in (check.limit, check.window, check.cost)]
        rows = self._redis.call(lambda client: self._script(keys, numbers, client=client), lambda: None)
        if rows is None:
            return super().hit_all(checks)
        return [
            _state(check, count, float(oldest), math.ceil(float(wait)), float(now))
            for check, (count, oldest, wait, now) in zip(checks, rows, strict=True)
        ]

    def refund(self, key: str) -> None:
        super().refund(key)
        self._redis.call(lambda client: client.rpop(self._name(key)), lambda: None)

    def clear(self, key: str) -> None:
        super().clear(key)
        self._redis.call(lambda client: client.delete(self._name(key)), lambda: None)

    def _name(self, key: str) -> str:
        """Return the Redis key: the limit's name, and a keyed hash of the client, account or form it counts."""
        limit, _, counted = key.partition(":")
        return f"{self.PREFIX}{limit}:{hmac.digest(self._secret, counted.encode(), 'sha256')[:16].hex()}"


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
"""A list of hit times for each limit, oldest first; Redis runs a script atomically."""


def _seconds_to_wait(times: "array[float]", check: LimitCheck, now: float) -> int:
    """Return the whole seconds until `cost` more hits fit, 0 if they do now."""
    excess = len(times) + check.cost - check.limit
    if excess <= 0:
        return 0
    blocking = times[excess - 1] if excess <= len(times) else now
    return max(1, math.ceil(blocking + check.window - now))


def _state(check: LimitCheck, count: int, oldest: float | None, wait: int, now: float) -> LimitState:
    freed_at = now if oldest is None else oldest + check.window
    return LimitState(check.limit, max(0, check.limit - count), math.ceil(max(freed_at, now + wait)), wait)
