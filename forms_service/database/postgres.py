"""psycopg with a circuit breaker, for a frozen server.

A connection that waits long probes the server. Without an answer the circuit opens: all waits fail until it answers.
"""

import logging
import math
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from forms_service.outbound import AddressBook, OutboundError

LONG_TIMEOUT = 32.0
"""Seconds; beyond `statement_timeout` the server counts as dead."""

REQUEST_TIMEOUT = 4.5
"""Seconds for a short request's statements."""

MIN_TIMEOUT = 1.0
"""Seconds, even at a request's end."""

PROBE_DELAY = 0.7
"""Seconds of silence before a probe."""

PROBE_TIMEOUT = 0.7
RETRY_INTERVAL = 0.5
"""Seconds between probes."""

CONNECT_RETRY_INTERVAL = 5.0
"""Seconds between attempts to resolve and connect; each takes up to 2 s."""

LOOKUP_TIMEOUT = 0.5
"""Seconds for a host's addresses."""

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Servers answer it with one byte before authentication."""

LOCK_CONFLICTS = ("55P03", "40P01")
"""SQLSTATE of lock_timeout and of a deadlock."""

events = logging.getLogger("forms_service.events")

_request = threading.local()


def begin_request(*, short: bool) -> None:
    """Set this thread's deadline."""
    _request.deadline = time.monotonic() + REQUEST_TIMEOUT if short else None


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let this thread's statements take at most so long, MIN_TIMEOUT at least, whatever the request may.

    A server that does not answer to probes is noticed all the same.
    """
    deadline: float | None = getattr(_request, "deadline", None)
    _request.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        _request.deadline = deadline


@contextmanager
def unlimited_transaction(connection: Connection) -> Iterator[None]:
    """Begin a transaction, on SQLite too, whose statements take as long as an index of many rows does."""
    with time_limit(math.inf), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield


def listen(engine: Engine) -> None:
    circuit, addresses = Circuit(), AddressBook()
    dialect: Any = engine.dialect
    dialect.do_ping = circuit.is_fresh  # SQLAlchemy's ping costs a round trip per checkout

    def connect(dialect: Dialect, _: object, args: Any, options: Any) -> Any:
        driver: Any = dialect.loaded_dbapi
        if not circuit.may_connect():
            raise driver.OperationalError("the server does not answer")
        try:
            options = _resolved(options, addresses)
        except OutboundError as error:
            raise driver.OperationalError("the server's name does not resolve") from error
        connection = _connection_with_timeout(driver).connect(*args, **options)
        # the driver would drop all that is prepared after each ROLLBACK, in a round trip more
        connection.prepare_threshold = None
        connection.may_prepare = not _is_pooled(connection)
        connection.join(circuit)
        return connection

    event.listen(engine, "do_connect", connect)


def is_lock_conflict(error: DBAPIError) -> bool:
    """Whether others held a lock for too long."""
    return getattr(error.orig, "sqlstate", None) in LOCK_CONFLICTS


def _resolved(options: dict[str, Any], addresses: AddressBook) -> dict[str, Any]:
    """Add `hostaddr`: the driver would wait 10 s for a name server that does not answer."""
    host = options.get("host") or ""
    if not host or host.startswith("/") or "," in host or "hostaddr" in options:
        return options
    known = addresses.resolve(host, int(options.get("port") or 5432), LOOKUP_TIMEOUT)
    return {**options, "host": ",".join([host] * len(known)), "hostaddr": ",".join(known)}


class Circuit:
    """Open while the server does not answer."""

    def __init__(self) -> None:
        self.open = False
        self._address: tuple[str, int] | None = None
        self._retry_at = 0.0
        self._connect_at = 0.0
        self._stale_before = 0.0
        self._probing = threading.Lock()

    def learn(self, connection: Any) -> None:
        """Remember the address: resolving could hang too."""
        info = connection.info
        self._address = (info.hostaddr or info.host, info.port)
        self._set(is_open=False)

    def may_connect(self) -> bool:
        if not self.open:
            return self.answers()
        now = time.monotonic()
        if now >= self._retry_at and self.answers():
            return True
        if now < self._connect_at:
            return False
        # a silent server may have moved: try now and then
        self._connect_at = now + CONNECT_RETRY_INTERVAL
        return True

    def check(self, driver: Any) -> None:
        if self.open and not (time.monotonic() >= self._retry_at and self.answers()):
            raise driver.OperationalError("the server does not answer")

    def answers(self) -> bool:
        """Probe; other threads use the last result meanwhile."""
        if not self._probing.acquire(blocking=False):
            return not self.open
        try:
            alive = self._address is None or _probe(self._address)
            self._set(is_open=not alive)
            self._retry_at = time.monotonic() + RETRY_INTERVAL
            return alive
        finally:
            self._probing.release()

    def _set(self, *, is_open: bool) -> None:
        if self.open is is_open:
            return
        self.open = is_open
        self._connect_at = time.monotonic() + CONNECT_RETRY_INTERVAL
        level, name = (logging.ERROR, "database_silent") if is_open else (logging.WARNING, "database_back")
        events.log(level, name, extra={"fields": {}})

    def distrust_pool(self) -> None:
        self._stale_before = time.monotonic()

    def is_fresh(self, connection: Any) -> bool:
        if connection.closed or connection.born < self._stale_before:
            return False
        poll = select.poll()
        poll.register(connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)  # readable while idle: the server has closed it


@cache  # not at import: the driver is optional
def _connection_with_timeout(driver: Any) -> Any:
    class TimeoutConnection(driver.Connection):  # type: ignore[misc]
        circuit: Circuit | None = None
        born = 0.0
        may_prepare = False
        """Behind a pooler, the next transaction may run on another server connection."""

        def join(self, circuit: Circuit) -> None:
            self.circuit, self.born = circuit, time.monotonic()
            circuit.learn(self)

        def wait(self, generator: Any, *rest: Any, **more: Any) -> Any:
            if self.circuit is None:
                return super().wait(generator, *rest, **{"timeout": REQUEST_TIMEOUT, **more})
            try:
                self.circuit.check(driver)
                return _wait_in_steps(driver, self.circuit, partial(super().wait, _resumable(generator)))
            except driver.errors._WaitTimeout as error:
                self.circuit.distrust_pool()
                self.close()
                raise driver.OperationalError("the server does not answer") from error
            except driver.OperationalError:
                if self.circuit.open:
                    self.close()
                raise

    return TimeoutConnection


def _wait_in_steps(driver: Any, circuit: Circuit, wait: Callable[..., Any]) -> Any:
    deadline = time.monotonic() + _time_left()
    while True:
        step = max(0.0, min(PROBE_DELAY, deadline - time.monotonic()))
        try:
            return wait(timeout=step)
        except driver.errors._WaitTimeout:
            if time.monotonic() >= deadline:
                raise
        if circuit.open or not circuit.answers():
            raise driver.OperationalError("the server does not answer")


def _is_pooled(connection: Any) -> bool:
    """Whether a pooler such as pgbouncer answers: it invents the process id that it announces."""
    connection.autocommit = True
    (process_id,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.autocommit = False
    return bool(process_id != connection.info.backend_pid)


def _resumable(generator: Any) -> Generator[Any, Any, Any]:
    try:
        state = next(generator)
        while True:
            ready = yield state
            state = generator.send(ready or 0)
    except StopIteration as end:
        return end.value


def _time_left() -> float:
    deadline: float | None = getattr(_request, "deadline", None)
    if deadline is None:
        return LONG_TIMEOUT
    return max(MIN_TIMEOUT, deadline - time.monotonic())


def _probe(address: tuple[str, int]) -> bool:
    host, port = address
    local = host.startswith("/")
    family = socket.AF_UNIX if local else socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.settimeout(PROBE_TIMEOUT)
            probe.connect(f"{host}/.s.PGSQL.{port}" if local else (host, port))
            probe.sendall(SSL_REQUEST)
            return bool(probe.recv(1))
    except OSError:
        return False
