"""The cache: JSON values in memory or in Redis. Only for what is the same for everybody who asks.

Redis away means no cache: what is computed is computed again, and nobody gets a value that another process has
replaced in the meantime.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, ParamSpec, TypeVar, cast

from cachelib.serializers import BaseSerializer
from flask import Flask, current_app
from flask_caching.backends.base import BaseCache
from flask_caching.backends.simplecache import SimpleCache

from forms_service.config import Settings
from forms_service.extensions import cache
from forms_service.metrics import CACHE_LOOKUPS
from forms_service.redis_client import RedisCircuitBreaker

MAX_ENTRIES = 1000
"""Values kept in memory; the oldest go."""

PREFIX = "forms:cache:"

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class JsonSerializer(BaseSerializer):
    """Values as JSON: whoever can write to Redis must not be able to run code here, as pickle would let them."""

    def dumps(self, value: Any, *_: Any, **__: Any) -> bytes:
        """:raises TypeError: for a value that JSON does not have"""
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, bvalue: str | bytes | bytearray, *_: Any, **__: Any) -> Any:
        """:raises ValueError: for what is not JSON"""
        return json.loads(bvalue)


class MemoryCache(SimpleCache):
    """A cache of the process, of MAX_ENTRIES values."""

    serializer = JsonSerializer()  # type: ignore[assignment]  # the base class names one that pickles

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "MemoryCache":
        """A cache as the app is configured."""
        return cls(threshold=MAX_ENTRIES, default_timeout=kwargs["default_timeout"])

    def set(self, key: str, value: Any, timeout: Any = None) -> bool | None:
        """Keep a value; one that is written anew is young again."""
        with self._lock:
            self._cache.pop(key, None)
            while len(self._cache) >= self._threshold:
                del self._cache[next(iter(self._cache))]  # a dict gives the oldest first
            return super().set(key, value, timeout)

    def delete_matching(self, pattern: str) -> int:
        """Forget every key that matches, with * and ? as in file names; how many there were."""
        with self._lock:
            matching = [key for key in self._cache if fnmatchcase(key, pattern)]
            for key in matching:
                del self._cache[key]
            return len(matching)


class RedisCache(BaseCache):
    """A cache of all processes; while Redis is away it has nothing and keeps nothing."""

    def __init__(self, redis: RedisCircuitBreaker, default_timeout: int) -> None:
        super().__init__(default_timeout=default_timeout)
        self._redis = redis
        self._json = JsonSerializer()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "RedisCache":
        """A cache on the app's Redis."""
        return cls(app.extensions["redis"], kwargs["default_timeout"])

    def get(self, key: str) -> Any:
        """The value, None if there is none or it is not ours."""
        data = self._redis.call(lambda client: cast("bytes | None", client.get(PREFIX + key)), lambda: None)
        try:
            return None if data is None else self._json.loads(data)
        except ValueError:
            log.warning("A cached value is not valid JSON: another program writes to this Redis.")
            return None

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep a value; whether it was kept."""
        seconds = self._normalize_timeout(timeout) or None
        data = self._json.dumps(value)
        return self._redis.call(lambda client: bool(client.set(PREFIX + key, data, ex=seconds)), lambda: False)

    def has(self, key: str) -> bool:
        """Whether there is a value."""
        return self._redis.call(lambda client: bool(client.exists(PREFIX + key)), lambda: False)

    def delete(self, key: str) -> bool:
        """Forget a value; whether there was one."""
        return self._redis.call(lambda client: bool(client.delete(PREFIX + key)), lambda: False)

    def clear(self) -> bool:
        """Forget everything of ours."""
        return self.delete_matching("*") >= 0

    def delete_matching(self, pattern: str) -> int:
        """Forget every key that matches, with * and ? as in file names; how many there were."""

        def delete(client: Any) -> int:
            return sum(client.unlink(key) for key in client.scan_iter(PREFIX + pattern, count=500))

        return self._redis.call(delete, lambda: 0)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the cache: Redis if there is one, else memory."""
    backend = RedisCache if app.extensions["redis"] else MemoryCache
    config = {
        "CACHE_TYPE": f"{__name__}.{backend.__name__}",
        "CACHE_DEFAULT_TIMEOUT": settings.redis_ttl,
        "CACHE_KEY_PREFIX": "",
    }
    cache.init_app(app, config)


def cached(
    ttl: int | None = None, key_prefix: str = "cache", condition: Callable[..., bool] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a function returns for `ttl` seconds (REDIS_TTL if None), by its arguments, which must be JSON.

    Not kept while `condition(*args, **kwargs)` is false. Never for what depends on who asks.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            if condition is not None and not condition(*args, **kwargs):
                return function(*args, **kwargs)
            key = f"{key_prefix}:{function.__name__}:{_digest(args, kwargs)}"
            entry = cache.get(key)
            CACHE_LOOKUPS.labels("miss" if entry is None else "hit").inc()
            if entry is not None:
                return cast("R", entry["value"])
            value = function(*args, **kwargs)
            cache.set(key, {"value": value}, timeout=ttl)  # in a dict, so that None can be kept
            return value

        return wrapper

    return decorate


def clear_pattern(pattern: str) -> int:
    """Forget every cached value whose key matches, such as "forms:*"; how many there were."""
    backend: MemoryCache | RedisCache = current_app.extensions["cache"][cache]
    return backend.delete_matching(pattern)


def _digest(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([args, kwargs], sort_keys=True).encode()).hexdigest()
