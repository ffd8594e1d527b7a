"""psycopg that gives up on a server that is there and no longer answers, such as a frozen one.

Who waits for an answer for long asks the server for a sign of life. If there is none, the circuit opens: everybody who
waits is let go, and nobody waits for it until it answers again.
"""

import logging
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator
from functools import cache, partial
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect

LONG_TIMEOUT = 32.0
"""When a server that should have ended a statement itself is taken for dead."""

REQUEST_TIMEOUT = 4.5
"""The same for everything that a short request asks."""

MIN_TIMEOUT = 1.0
"""A statement gets as much even at the end of a request."""

PROBE_DELAY = 0.7
"""Seconds without an answer after which the server is asked for a sign of life."""

PROBE_TIMEOUT = 0.7
RETRY_INTERVAL = 0.5
"""How long an open circuit stays so before one request asks again."""

CONNECT_RETRY_INTERVAL = 5.0
"""How often one request looks for the server by its name while the circuit is open; it waits for 2 s."""

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Every PostgreSQL and every pooler answers it with one byte, before anybody signs in."""

events = logging.getLogger("forms_service.events")

_request = threading.local()


def begin_request(*, short: bool) -> None:
    """Set how long this thread waits for answers from now on."""
    _request.deadline = time.monotonic() + REQUEST_TIMEOUT if short else None


def listen(engine: Engine) -> None:
    """Let an engine make connections that are not waited for in vain."""
    circuit = Circuit()
    dialect: Any = engine.dialect
    dialect.do_ping = circuit.is_fresh  # SQLAlchemy's own takes a round trip at every checkout

    def connect(dialect: Dialect, _: object, args: Any, options: Any) -> Any:
        driver: Any = dialect.loaded_dbapi
        if not circuit.may_connect():
            raise driver.OperationalError("the server does not answer")
        connection = _connection_with_timeout(driver).connect(*args, **options)
        connection.join(circuit)
        return connection

    event.listen(engine, "do_connect", connect)


class Circuit:
    """Whether a server answers. Open means that it does not."""

    def __init__(self) -> None:
        self.open = False
        self._address: tuple[str, int] | None = None
        self._retry_at = 0.0
        self._connect_at = 0.0
        self._stale_before = 0.0
        self._probing = threading.Lock()

    def learn(self, connection: Any) -> None:
        """Remember where the server is, without its name: finding that could hang too."""
        info = connection.info
        self._address = (info.hostaddr or info.host, info.port)
        self._set(is_open=False)

    def may_connect(self) -> bool:
        """Whether to make a new connection; now and then also to a server that is silent, since it may have moved."""
        if not self.open:
            return self.answers()
        now = time.monotonic()
        if now >= self._retry_at and self.answers():
            return True
        if now < self._connect_at:
            return False
        self._connect_at = now + CONNECT_RETRY_INTERVAL
        return True

    def check(self, driver: Any) -> None:
        """Let a statement through, or not.

        :raises driver.OperationalError: while the server does not answer
        """
        if self.open and not (time.monotonic() >= self._retry_at and self.answers()):
            raise driver.OperationalError("the server does not answer")

    def answers(self) -> bool:
        """Whether the server gives a sign of life; asked by one thread at a time, the others go by what is known."""
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
        """Use no connection again that was made before now."""
        self._stale_before = time.monotonic()

    def is_fresh(self, connection: Any) -> bool:
        """Whether a pooled connection can be used: an idle one that has something to read was closed by the server."""
        if connection.closed or connection.born < self._stale_before:
            return False
        poll = select.poll()
        poll.register(connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)


@cache
def _connection_with_timeout(driver: Any) -> Any:
    """Return the driver's connection class with a limit to each wait; the driver is an extra."""

    class TimeoutConnection(driver.Connection):  # type: ignore[misc]
        circuit: Circuit | None = None
        born = 0.0

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
    """Wait as long as the server lives, and no longer than the patience of this thread."""
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


def _resumable(generator: Any) -> Generator[Any, Any, Any]:
    """Wrap a generator of the driver's so that it can be waited for again after a timeout."""
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
