"""The Redis client, behind a circuit breaker."""

import importlib
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask

from forms_service.circuit_breaker import CircuitBreaker
from forms_service.config import Settings
from forms_service.logs import event
from forms_service.metrics import REDIS_AWAY, REDIS_FAILURES
from forms_service.outbound import AddressBook

if TYPE_CHECKING:
    import redis

TIMEOUT = 0.25
"""Seconds to connect, and for a reply."""

RETRY_INTERVAL = 1.0
"""Seconds until an open circuit tries again."""

T = TypeVar("T")


def init_app(app: Flask, settings: Settings) -> None:
    """Set `app.extensions["redis"]`, None without REDIS_URL."""
    app.extensions["redis"] = RedisCircuitBreaker(settings.redis_url) if settings.redis_url else None


class RedisCircuitBreaker:
    """Uses the fallback while Redis is unavailable."""

    def __init__(self, url: str) -> None:
        driver = importlib.import_module("redis")  # optional, and 5 MB of memory
        self._failures = (driver.RedisError, OSError)
        self.client: redis.Redis = driver.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=driver.retry.Retry(driver.backoff.NoBackoff(), 0),
            driver_info=None,  # skip CLIENT SETINFO: it needs a round trip that a frozen server never completes
        )
        _limit_lookups(driver, self.client.connection_pool)
        self._circuit = CircuitBreaker(RETRY_INTERVAL)

    @property
    def open(self) -> bool:
        return self._circuit.reason is not None

    def call(self, action: Callable[["redis.Redis"], T], fallback: Callable[[], T]) -> T:
        """Return `fallback()` if `action` fails or the circuit is open."""
        if not self._circuit.begin_call():
            return fallback()
        try:
            result = action(self.client)
        except self._failures as error:
            self._record_failure(type(error).__name__)
            return fallback()
        if self._circuit.record_success():
            REDIS_AWAY.set(0)
            event("redis_back", level=logging.WARNING)
        return result

    def _record_failure(self, reason: str) -> None:
        REDIS_FAILURES.inc()
        REDIS_AWAY.set(1)
        if self._circuit.record_failure(reason):
            event("redis_away", level=logging.ERROR, error=reason, limits="in the database", cache="none")


def _limit_lookups(driver: Any, pool: Any) -> None:
    # the operating system waits 10 s for a name server
    connection_class, addresses = pool.connection_class, AddressBook()
    if not issubclass(connection_class, driver.Connection):
        return  # a Unix socket

    class TimeoutConnection(connection_class):  # type: ignore[misc, valid-type]
        def _connect(self) -> Any:
            sock = _open_socket(self.host, int(self.port), addresses)
            sock.settimeout(self.socket_timeout)
            return self._wrap_socket_with_ssl(sock) if issubclass(connection_class, driver.SSLConnection) else sock

    pool.connection_class = TimeoutConnection


def _open_socket(host: str, port: int, addresses: AddressBook) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses.resolve(host, port, TIMEOUT):
        try:
            sock = socket.create_connection((address, port), timeout=TIMEOUT)
        except OSError as error:
            failure = error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise failure
