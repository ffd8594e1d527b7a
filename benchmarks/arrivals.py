"""Requests that arrive at a rate, whether they are answered or not.

The kernel stamps each response, so the latencies are the service's even while this process waits for a core.
"""

import selectors
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

SO_TIMESTAMPNS = 35
STAMP = struct.Struct("@ll")
TICK = 0.002
PATIENCE = 30.0
"""Seconds for the last responses."""


class Visits(NamedTuple):
    """What visitors met: milliseconds by status (0: disconnected), and those who found no free connection of ours."""

    milliseconds: dict[int, list[float]]
    missed: int
    late: list[float]
    """Milliseconds until this process read a response: its own delay, which counts for nobody."""


class _Visit:
    def __init__(self, sock: socket.socket, sent_at: int) -> None:
        self.socket = sock
        self.sent_at = sent_at
        self.answered_at = 0
        self.response = b""

    @property
    def status(self) -> int:
        return int(self.response[9:12])

    def is_answered(self) -> bool:
        """Read what has come."""
        data, ancillary, _, _ = self.socket.recvmsg(65_536, 64)
        if not data:
            raise ConnectionError
        for _, kind, value in ancillary:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = STAMP.unpack(value[: STAMP.size])
                self.answered_at = seconds * 1_000_000_000 + nanoseconds
        self.response += data
        head, end, body = self.response.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return bool(end) and len(body) >= int(length)


class _Visitors:
    def __init__(self, port: int, request: Callable[[], bytes], connections: int) -> None:
        self._address = ("127.0.0.1", port)
        self._request = request
        self._free = connections
        self._idle: list[socket.socket] = []
        self._poller = selectors.DefaultSelector()
        self.visits = Visits(defaultdict(list), 0, [])

    def send(self) -> bool:
        """Send a request; false if no connection is left."""
        if not self._free:
            return False
        self._free -= 1
        request, sent_at = self._request(), time.time_ns()
        sock = self._idle.pop() if self._idle else self._connect()
        visit = _Visit(sock, sent_at)
        self._poller.register(sock, selectors.EVENT_READ, visit)
        try:
            sock.send(request)
        except OSError:
            self._end(visit, 0)
        return True

    def wait(self, seconds: float) -> None:
        for key, _ in self._poller.select(seconds):
            visit: _Visit = key.data
            try:
                if visit.is_answered():
                    self._end(visit, visit.status)
            except OSError:
                self._end(visit, 0)

    def wait_for_last(self) -> None:
        until = time.monotonic() + PATIENCE
        while self._poller.get_map() and time.monotonic() < until:
            self.wait(0.1)

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return sock

    def _end(self, visit: _Visit, status: int) -> None:
        self._poller.unregister(visit.socket)
        self._free += 1
        now = time.time_ns()
        answered_at = visit.answered_at or now
        self.visits.milliseconds[status].append((answered_at - visit.sent_at) / 1e6)
        self.visits.late.append((now - answered_at) / 1e6)
        if status and b"connection: close" not in visit.response.lower():
            self._idle.append(visit.socket)
        else:
            visit.socket.close()


def arrive(port: int, request: Callable[[], bytes], rate: float, seconds: float, connections: int = 1500) -> Visits:
    """Send requests at that rate, from this process; none beyond so many connections."""
    visitors, missed, sent = _Visitors(port, request, connections), 0, 0
    started = time.perf_counter()
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            sent += 1
            missed += not visitors.send()
        visitors.wait(TICK)
    visitors.wait_for_last()
    return visitors.visits._replace(milliseconds=dict(visitors.visits.milliseconds), missed=missed)
