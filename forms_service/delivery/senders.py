"""A channel's sending threads, each with its own transport and app context."""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from flask import Flask

from forms_service.delivery import attempts
from forms_service.delivery.lanes import Lanes
from forms_service.delivery.leases import Lease
from forms_service.delivery.message import Result, Transport

IDLE_TIMEOUT = 10.0
"""Seconds until an idle thread closes its connection."""

Delivery = tuple[Lease, bytes]
"""A lease and its lane."""


class Senders:
    """Threads, started as needed; daemons, since a killed one's lease expires."""

    def __init__(self, app: Flask, make: Callable[[], Transport], lanes: Lanes, wakeup: threading.Event) -> None:
        self._app, self._make, self._lanes, self._wakeup = app, make, lanes, wakeup
        self._queue: SimpleQueue[Delivery | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._cpu_seconds = 0.0
        self.in_flight = 0
        self.error: Exception | None = None

    def submit(self, lease: Lease, lane: bytes) -> None:
        """Send in another thread, which sets `wakeup` at the end."""
        with self._lock:
            self.in_flight += 1
            needs_thread = self.in_flight > len(self._threads)
        if needs_thread:
            self._threads.append(threading.Thread(target=self._run, name="sender", daemon=True))
            self._threads[-1].start()
        self._queue.put((lease, lane))

    def take_cpu_seconds(self) -> float:
        """Return the CPU time since the last call."""
        with self._lock:
            seconds, self._cpu_seconds = self._cpu_seconds, 0.0
        return seconds

    def close(self) -> None:
        """Wait for what is in flight, and close the connections."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with self._app.app_context():
            transport: Transport | None = None
            while (delivery := self._next(transport)) is not None:
                worked, result = time.thread_time(), None
                try:
                    transport = transport or self._make()
                    result = self._deliver(delivery[0], transport)
                except Exception as error:  # noqa: BLE001 (raised again by the worker)
                    self.error = error
                finally:
                    self._finish(delivery[1], result, time.thread_time() - worked)
            if transport:
                transport.close()

    def _next(self, transport: Transport | None) -> Delivery | None:
        try:
            return self._queue.get(timeout=IDLE_TIMEOUT)
        except Empty:
            if transport:
                transport.close()
            return self._queue.get()

    def _deliver(self, lease: Lease, transport: Transport) -> Result | None:
        with self._app.app_context():  # a session of its own
            return attempts.deliver(lease, transport)

    def _finish(self, lane: bytes, result: Result | None, cpu_seconds: float) -> None:
        self._lanes.finish(lane, result)
        with self._lock:
            self.in_flight -= 1
            self._cpu_seconds += cpu_seconds
        self._wakeup.set()
