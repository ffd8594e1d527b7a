"""Storage of rate limits: moving windows in memory, or in Redis.

Each charges all limits of a request or none. `database_storage` holds the third.
"""

import hmac
import math
import threading
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from forms_service.database.group_commit import GroupCommit
from forms_service.redis_client import RedisCircuitBreaker

MAX_HITS = 200_000
"""8 bytes each, 200 per key; beyond it, LRU keys are evicted."""


Rows = list[tuple[int, float, float, float]]
"""Hits, the oldest's time, the seconds to wait and the time now, for each limit."""


def unix_time() -> float:
    return time.time()


class LimitCheck(NamedTuple):
    """`limit` hits of `key` in any `window` seconds."""

    key: str
    limit: int
    window: int
    cost: int = 1


class LimitState(NamedTuple):
    """`reset` is a Unix time, `wait` in seconds."""

    limit: int
    remaining: int
    reset: int
    wait: int


class MemoryStorage:
    def __init__(self, max_hits: int = MAX_HITS) -> None:
        self._hits: OrderedDict[str, array[float]] = OrderedDict()  # times by key, oldest first
        self._count = 0
        self._max_hits = max_hits
        self._lock = threading.Lock()

    def hit_all(self, checks: Sequence[LimitCheck]) -> list[LimitState]:
        """Charge all, or none if one has a `wait`."""
        return self.hit_all_at(unix_time(), checks)

    def hit_all_at(self, now: float, checks: Sequence[LimitCheck]) -> list[LimitState]:
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

    def load(self, key: str, hits: bytes) -> None:
        """Replace the key's hits by those that `dump` returned."""
        self.clear(key)
        if hits:
            self._hits[key] = array("d", hits)
            self._count += len(self._hits[key])

    def dump(self, key: str) -> bytes:
        return self._hits.get(key, array("d")).tobytes()

    def get(self, key: str) -> int:
        return len(self._hits.get(key, ()))

    def refund(self, key: str) -> None:
        with self._lock:
            if self._hits.get(key):
                self._hits[key].pop()
                self._count -= 1

    def clear(self, key: str) -> None:
        with self._lock:
            self._count -= len(self._hits.pop(key, ()))

    def reset(self) -> int:
        with self._lock:
            count, self._count = len(self._hits), 0
            self._hits.clear()
            return count


class RedisStorage(MemoryStorage):
    """By Redis's clock; in `fallback` while Redis is down."""

    PREFIX = "forms:limit:"

    def __init__(self, redis: RedisCircuitBreaker, secret: bytes, fallback: MemoryStorage) -> None:
        super().__init__()
        self._fallback = fallback
        self._redis = redis
        self._secret = secret
        self._script = redis.client.register_script(HIT_ALL_SCRIPT)
        self._group: GroupCommit[Sequence[LimitCheck], Rows] = GroupCommit(self._hit_group)

    def hit_all(self, checks: Sequence[LimitCheck]) -> list[LimitState]:
        rows = self._group.submit(checks)
        if not rows:
            return self._fallback.hit_all(checks)
        return [
            _state(check, count, oldest, math.ceil(wait), now)
            for check, (count, oldest, wait, now) in zip(checks, rows, strict=True)
        ]

    def _hit_group(self, requests: Sequence[Sequence[LimitCheck]]) -> list[Rows | Exception]:
        """Charge the requests of several threads in one round trip, each on its own; no rows while Redis is down."""
        keys = [self._name(check.key) for checks in requests for check in checks]
        # one argument and one reply: the client takes 2 µs for each of them
        numbers = " ".join(
            f"{request} {check.limit} {check.window} {check.cost}"
            for request, checks in enumerate(requests)
            for check in checks
        )
        reply = self._redis.call(lambda client: self._script(keys, [numbers], client=client), lambda: None)
        rows = [_parse_row(row) for row in reply.split(b";")] if reply else []
        ends = accumulate(map(len, requests))
        return [rows[end - len(checks) : end] if rows else [] for checks, end in zip(requests, ends, strict=True)]

    def refund(self, key: str) -> None:
        self._redis.call(lambda client: client.rpop(self._name(key)), lambda: self._fallback.refund(key))

    def clear(self, key: str) -> None:
        self._redis.call(lambda client: client.delete(self._name(key)), lambda: None)
        self._fallback.clear(key)

    def _name(self, key: str) -> str:
        # a keyed hash of the client, account or form that it counts
        limit, _, counted = key.partition(":")
        return f"{self.PREFIX}{limit}:{hmac.digest(self._secret, counted.encode(), 'sha256')[:16].hex()}"


def _parse_row(row: bytes) -> tuple[int, float, float, float]:
    count, oldest, wait, now = row.split()
    return int(count), float(oldest), float(wait), float(now)


HIT_ALL_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local clock = string.format('%.6f', now)
local numbers, answer = {}, {}
for number in string.gmatch(ARGV[1], '%d+') do numbers[#numbers+1] = tonumber(number) end
local function check(i)
  local key, limit, window, cost = KEYS[i], numbers[4*i-2], numbers[4*i-1], numbers[4*i]
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and tonumber(oldest) <= now - window do  -- the oldest first
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  local count = redis.call('LLEN', key)
  local wait = 0
  if count + cost > limit then
    local blocking = redis.call('LINDEX', key, count + cost - limit - 1)
    wait = math.max(0.001, (blocking and tonumber(blocking) or now) + window - now)
  end
  answer[i] = {count, oldest or clock, string.format('%.6f', wait), clock}
  return wait > 0
end
local function charge(i)
  for _ = 1, numbers[4*i] do answer[i][1] = redis.call('RPUSH', KEYS[i], clock) end
  redis.call('EXPIRE', KEYS[i], numbers[4*i-1])
end
local first = 1
for last = 1, #KEYS do
  if numbers[4*last+1] ~= numbers[4*last-3] then  -- the last one of its request
    local refused = false
    for i = first, last do refused = check(i) or refused end
    for i = first, refused and 0 or last do charge(i) end
    first = last + 1
  end
end
for i = 1, #KEYS do answer[i] = table.concat(answer[i], ' ') end
return table.concat(answer, ';')
"""
"""Keeps hit times, oldest first; Redis runs scripts atomically. The first of a key's four numbers is its request."""


def _seconds_to_wait(times: "array[float]", check: LimitCheck, now: float) -> int:
    excess = len(times) + check.cost - check.limit
    if excess <= 0:
        return 0
    blocking = times[excess - 1] if excess <= len(times) else now
    return max(1, math.ceil(blocking + check.window - now))


def _state(check: LimitCheck, count: int, oldest: float | None, wait: int, now: float) -> LimitState:
    freed_at = now if oldest is None else oldest + check.window
    return LimitState(check.limit, max(0, check.limit - count), math.ceil(max(freed_at, now + wait)), wait)
