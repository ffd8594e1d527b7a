"""A client's connection: its request, and the response's backlog."""

import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from forms_service.server.framing import HEAD_END, MAX_HEAD, ChunkedBody, SizedBody, body_framing
from forms_service.server.spool import Spool, SpoolSpace

MAX_BACKLOG = 2**25
"""Bytes of a response; then the thread blocks."""

MAX_BLOCKED_THREADS = 16
"""Per process; beyond it, clients are disconnected."""


BODY_TIMEOUT = 60.0
"""Seconds for a body or response; then MIN_RATE applies."""

RATE_INTERVAL = 15.0
MIN_RATE = 4096
"""Bytes a second, in each RATE_INTERVAL after BODY_TIMEOUT."""


class BodyPendingError(BaseException):
    """A BaseException, so that no `except Exception` swallows it."""


class State(Enum):
    READING = auto()
    RUNNING = auto()
    WRITING = auto()
    LINGERING = auto()
    CLOSED = auto()


class Outcome(Enum):
    KEEP = auto()
    CLOSE = auto()
    PENDING = auto()
    """The application needs the body."""


class Request:
    """Head in memory, body in a spool."""

    def __init__(self, space: SpoolSpace, max_body: int) -> None:
        self.head = bytearray()
        self.complete = False
        self.truncated = False
        """The body's end is unknown: the connection cannot be reused."""

        self.head_checked = False
        """The application has seen the head."""

        self.scratch: dict[str, Any] = {}
        """Survives from the head's run to the body's."""

        self._body: SizedBody | ChunkedBody | None = None
        self._spool = Spool(space)
        self._max_body = max_body
        self._position = 0

    @property
    def has_head(self) -> bool:
        return self._body is not None

    @property
    def body_size(self) -> int:
        return self._spool.size

    def feed(self, data: bytes) -> bytes:
        """Take its bytes; return the rest, or raise SpoolFullError."""
        if self._body is None:
            data = self._feed_head(data)
        if self._body is None:
            return data
        size = self._body.take(data)
        if size:
            self._spool.append(data[:size])
        self.complete = self._body.complete
        if self._spool.size > self._max_body:
            self.complete = self.truncated = True
        return data[size:]

    def _feed_head(self, data: bytes) -> bytes:
        searched = max(0, len(self.head) - len(HEAD_END))
        self.head += data if self.head else data.lstrip(b"\r\n")  # RFC 9112, 2.2: blank lines before a request
        end = self.head.find(HEAD_END, searched)
        if end < 0:
            self.complete = self.truncated = len(self.head) > MAX_HEAD
            return b""
        rest = bytes(self.head[end + len(HEAD_END) :])
        del self.head[end + len(HEAD_END) :]
        self._body = body_framing(bytes(self.head))
        return rest

    def read(self, size: int) -> bytes:
        if self._position < len(self.head):
            data = bytes(self.head[self._position : self._position + size])
            self._position += len(data)
            return data
        return self._spool.read(size)

    def rewind(self) -> None:
        self._position = 0
        self._spool.rewind()

    def exhausted(self) -> bool:
        return self._position == len(self.head) and not self._spool.unread

    def clear(self) -> None:
        self._spool.clear()


class RequestReader:
    """Socket for gunicorn's parser."""

    def __init__(self, request: Request, *, partial: bool) -> None:
        self._request = request
        self._partial = partial

    def recv(self, size: int) -> bytes:
        data = self._request.read(size)
        if not data and self._partial:
            raise BodyPendingError
        return data


class Response:
    """Socket that gunicorn writes to; blocks only beyond MAX_BACKLOG."""

    _blocked_threads = threading.BoundedSemaphore(MAX_BLOCKED_THREADS)

    def __init__(self, sock: socket.socket, space: SpoolSpace, wake: Callable[[], None]) -> None:
        self.started = False
        self.sent = 0
        self.scratch: dict[str, Any] = {}
        self._socket = sock
        self._wake = wake
        self._backlog = Spool(space)
        self._held = b""
        self._part = memoryview(b"")
        self._broken = False
        self._lock = threading.Lock()
        self._space_available = threading.Condition(self._lock)

    def sendall(self, data: bytes) -> None:
        """Send what the socket takes; the loop sends the rest.

        :raises OSError: if the client has gone or reads too slowly
        """
        with self._lock:
            if not self.started:
                # headers wait for the first body bytes: one packet and one system call for both
                self.started, self._held = True, data
                return
            self._write(self._held + data if self._held else data)

    def finish(self) -> None:
        """Send headers without a body."""
        with self._lock:
            if self._held and not self._broken:
                self._write(self._held)

    def begin(self, scratch: dict[str, Any]) -> None:
        self.started = False
        self.scratch = scratch

    def send(self, data: bytes) -> int:
        return len(data)  # gunicorn's 100 Continue, dropped: the body has arrived

    def gettimeout(self) -> float:
        return 0.0  # non-blocking

    def shutdown(self, _: int) -> None:
        raise OSError("closed by the event loop")  # ends gunicorn's own way of closing

    def close(self) -> None:
        with self._lock:
            self._broken = True
            self._backlog.clear()
            self._space_available.notify_all()

    @property
    def has_backlog(self) -> bool:
        return not self._broken and bool(self._part or self._backlog.unread)

    def flush(self) -> None:
        with self._lock:
            while self._part or self._backlog.unread:
                self._part = self._part or memoryview(self._backlog.read(65_536))
                sent = self._send(self._part)
                self._part = self._part[sent:]
                if self._part:
                    break
            if not self._backlog.unread:
                self._backlog.clear()
            self._space_available.notify_all()

    def _write(self, data: bytes) -> None:
        self._held = b""
        if self._broken:
            raise BrokenPipeError
        rest = memoryview(data)
        if not self.has_backlog:
            rest = rest[self._send(data) :]
            if not rest:
                return
            self._wake()
        if self._backlog.unread > MAX_BACKLOG:
            self._wait_for_space()
        self._backlog.append(rest)

    def _wait_for_space(self) -> None:
        if not self._blocked_threads.acquire(blocking=False):
            raise BrokenPipeError("too many clients read too slowly")
        try:
            self._space_available.wait_for(lambda: self._broken or self._backlog.unread <= MAX_BACKLOG // 2)
        finally:
            self._blocked_threads.release()
        if self._broken:
            raise BrokenPipeError

    def _send(self, data: bytes | memoryview) -> int:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._broken = True
            raise
        self.sent += sent
        return sent


class Connection:
    """Has `sock`, `client` and `server` for gunicorn."""

    def __init__(self, accepted: socket.socket, client: Any, server: Any) -> None:
        self.socket = accepted
        self.client = client
        self.server = server
        self.state = State.READING
        self.at_eof = False
        """The client will send no more."""

        self.keep = False
        self.key: bytes | None = None
        """The queue that it counts in while it runs; None for reserved threads."""

        self.pipelined = b""

        self.events = 0
        self.deadline = 0.0
        self.progress = 0
        """Bytes transferred when the deadline was set."""

        self.sock: Response
        self.request: Request

    def is_overdue(self, now: float) -> bool:
        """Whether its client is too slow; extends the deadline of one that is fast enough."""
        writes = self.sock.has_backlog
        if self.state is State.RUNNING and not writes:
            return False
        if now < self.deadline:
            return False
        if self.state is State.LINGERING or not (writes or self.request.has_head):
            return True
        moved = self.sock.sent if writes else self.request.body_size
        needed = MIN_RATE * (RATE_INTERVAL if self.progress else BODY_TIMEOUT)
        if moved - self.progress < needed:
            return True
        self.deadline, self.progress = now + RATE_INTERVAL, moved
        return False
