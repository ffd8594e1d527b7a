"""JSON cache in memory or Redis, for data that is the same for everyone."""

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
"""In memory; the oldest is evicted."""

PREFIX = "forms:cache:"

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class JsonSerializer(BaseSerializer):
    """Unpickling would run the code of anyone who writes to Redis."""

    def dumps(self, value: Any, *_: Any, **__: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, bvalue: str | bytes | bytearray, *_: Any, **__: Any) -> Any:
        return json.loads(bvalue)


class MemoryCache(SimpleCache):
    serializer = JsonSerializer()  # type: ignore[assignment]  # the base class names one that pickles

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "MemoryCache":
        return cls(threshold=MAX_ENTRIES, default_timeout=kwargs["default_timeout"])

    def set(self, key: str, value: Any, timeout: Any = None) -> bool | None:
        with self._lock:
            self._cache.pop(key, None)  # resets its age
            while len(self._cache) >= self._threshold:
                del self._cache[next(iter(self._cache))]  # a dict gives the oldest first
            return super().set(key, value, timeout)

    def delete_matching(self, pattern: str) -> int:
        with self._lock:
            matching = [key for key in self._cache if fnmatchcase(key, pattern)]
            for key in matching:
                del self._cache[key]
            return len(matching)


class RedisCache(BaseCache):
    """Shared by processes; empty while Redis is unavailable."""

    # no fallback to memory: it would serve values that another process has replaced

    def __init__(self, redis: RedisCircuitBreaker, default_timeout: int) -> None:
        super().__init__(default_timeout=default_timeout)
        self._redis = redis
        self._json = JsonSerializer()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "RedisCache":
        return cls(app.extensions["redis"], kwargs["default_timeout"])

    def get(self, key: str) -> Any:
        data = self._redis.call(lambda client: cast("bytes | None", client.get(PREFIX + key)), lambda: None)
        try:
            return None if data is None else self._json.loads(data)
        except ValueError:
            log.warning("A cached value is not valid JSON: another program writes to this Redis.")
            return None

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        seconds = self._normalize_timeout(timeout) or None
        data = self._json.dumps(value)
        return self._redis.call(lambda client: bool(client.set(PREFIX + key, data, ex=seconds)), lambda: False)

    def has(self, key: str) -> bool:
        return self._redis.call(lambda client: bool(client.exists(PREFIX + key)), lambda: False)

    def delete(self, key: str) -> bool:
        return self._redis.call(lambda client: bool(client.delete(PREFIX + key)), lambda: False)

    def clear(self) -> bool:
        return self.delete_matching("*") >= 0  # FLUSHDB would delete other programs' keys too

    def delete_matching(self, pattern: str) -> int:
        def delete(client: Any) -> int:
            return sum(client.unlink(key) for key in client.scan_iter(PREFIX + pattern, count=500))

        return self._redis.call(delete, lambda: 0)


def init_app(app: Flask, settings: Settings) -> None:
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
    """Cache for `ttl` seconds (default REDIS_TTL) by JSON arguments.

    Skipped unless `condition(*args, **kwargs)`. Never use it for results that depend on the caller.
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
            cache.set(key, {"value": value}, timeout=ttl)  # in a dict, so that None can be cached
            return value

        return wrapper

    return decorate


def clear_pattern(pattern: str) -> int:
    """Delete values by a glob ("forms:*"); return their number."""
    backend: MemoryCache | RedisCache = current_app.extensions["cache"][cache]
    return backend.delete_matching(pattern)


def _digest(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([args, kwargs], sort_keys=True).encode()).hexdigest()
