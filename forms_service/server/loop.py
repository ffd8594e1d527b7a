"""The worker's event loop: reads requests, flushes responses, closes overdue connections."""

import selectors
import socket
import time
from collections import deque
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from gunicorn import util

from forms_service.server.admission import Admission, admission_key
from forms_service.server.connection import BODY_TIMEOUT, Connection, Outcome, Request, Response, State
from forms_service.server.framing import expects_continue, expects_reuse, request_line
from forms_service.server.refusal import refusal
from forms_service.server.spool import SpoolSpace

HEAD_TIMEOUT = 15.0
LINGER_TIMEOUT = 2.0
"""Seconds; closing at once could lose a response's end."""

BODY_GRACE = 0.05
"""Seconds until the application runs with the head alone."""

EARLY_BODY = 65_536
"""Bytes before the application sees the head."""

SWEEP_INTERVAL = 0.5
READ_SIZE = 65_536


class ClientLoop:
    """Every method runs in the event loop's thread."""

    def __init__(self, worker: Any, space: SpoolSpace, max_body: int) -> None:
        self._worker = worker
        self._space = space
        self._max_body = max_body
        self._admission: Admission[tuple[Connection, bool]] = Admission(worker.cfg.threads)
        self._refused = 0
        self._connections: set[Connection] = set()
        self._unchecked: deque[tuple[float, Connection, Request]] = deque()
        self._sweep_at = 0.0

    def add(self, accepted: socket.socket, client: Any, server: Any) -> None:
        accepted.setblocking(False)
        connection = Connection(accepted, client, server)
        wake = partial(self._worker.method_queue.defer, self._await_client, connection)
        connection.sock = Response(accepted, self._space, wake)
        self._connections.add(connection)
        self._worker.nr_conns += 1
        self._begin(connection, HEAD_TIMEOUT)
        self._read(connection)

    def close_longest_idle(self) -> None:
        idle = [one for one in self._connections if one.state is State.READING and not one.request.has_head]
        if idle:
            self._close(min(idle, key=lambda one: one.deadline))

    def next_timeout(self, timeout: float) -> float:
        deadlines = [self._unchecked[0][0]] if self._unchecked else []
        waiting_until = self._admission.next_deadline()
        if waiting_until is not None:
            deadlines.append(waiting_until)
        return min(timeout, max(0.0, min(deadlines) - time.monotonic())) if deadlines else timeout

    def dispatch_heads(self) -> None:
        """Run the application with heads whose bodies are slow."""
        now = time.monotonic()
        while self._unchecked and self._unchecked[0][0] <= now:
            _, connection, request = self._unchecked.popleft()
            if connection.request is request and connection.state is State.READING and not request.head_checked:
                self._run(connection, partly=True)

    def admit_waiting(self) -> None:
        """Run the requests that have their turn, and refuse those that waited in vain."""
        now = time.monotonic()
        for connection, partly in self._admission.admitted(now):
            self._start(connection, self._worker.tpool, partly=partly)
        for connection, _ in self._admission.overdue(now):
            self._refuse(connection)

    def sweep(self) -> None:
        now = time.monotonic()
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_INTERVAL
        for connection in [one for one in self._connections if self._is_overdue(one, now)]:
            self._close(connection)
        if self._refused:
            self._worker.report_refused(self._refused)
            self._refused = 0

    def _begin(self, connection: Connection, seconds: float) -> None:
        connection.request = Request(self._space, self._max_body)
        connection.state = State.READING
        connection.deadline = time.monotonic() + seconds
        connection.sock.begin(connection.request.scratch)

    def _watch(self, connection: Connection, events: int) -> None:
        if events == connection.events:
            return
        if not events:
            self._worker.poller.unregister(connection.socket)
        elif connection.events:
            self._worker.poller.modify(connection.socket, events, partial(self._on_event, connection))
        else:
            self._worker.poller.register(connection.socket, events, partial(self._on_event, connection))
        connection.events = events

    def _on_event(self, connection: Connection, _: object) -> None:
        if connection.state is State.READING:
            self._read(connection)
        elif connection.state is State.LINGERING:
            self._discard(connection)
        elif connection.sock.has_backlog:
            self._flush(connection)
        else:
            self._watch(connection, 0)  # pipelined bytes: read them after this response

    def _close(self, connection: Connection) -> None:
        if connection.state is State.CLOSED:
            return
        self._watch(connection, 0)
        if connection.state is not State.RUNNING:  # otherwise a thread is reading it
            connection.request.clear()
        connection.state = State.CLOSED
        connection.sock.close()
        self._connections.discard(connection)
        self._worker.nr_conns -= 1
        util.close(connection.socket)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(READ_SIZE)
        except BlockingIOError:
            self._watch(connection, selectors.EVENT_READ)
            return
        except OSError:
            self._close(connection)
            return
        connection.at_eof = not data
        self._feed(connection, data)

    def _feed(self, connection: Connection, data: bytes) -> None:
        request = connection.request
        had_head, had_bytes = request.has_head, bool(request.head)
        try:
            connection.pipelined = request.feed(data)
        except OSError as error:  # SpoolFullError, or a full disk: it must end this connection only
            self._worker.log.warning("Refused a body that cannot be buffered: %s", error.strerror or error)
            self._refuse(connection)
            return
        if request.head and not had_bytes:
            connection.deadline = time.monotonic() + HEAD_TIMEOUT
        if request.has_head and not had_head:
            connection.deadline, connection.progress = time.monotonic() + BODY_TIMEOUT, 0
        self._advance(connection)

    def _advance(self, connection: Connection) -> None:
        request = connection.request
        if request.complete or (connection.at_eof and request.has_head):
            request.truncated = request.truncated or not request.complete
            self._run(connection, partly=False)
        elif connection.at_eof:
            self._close(connection)
        elif request.head_checked or not request.has_head:
            self._watch(connection, selectors.EVENT_READ)
        elif request.body_size >= EARLY_BODY or expects_continue(request.head):
            self._run(connection, partly=True)
        else:
            self._unchecked.append((time.monotonic() + BODY_GRACE, connection, request))
            self._watch(connection, selectors.EVENT_READ)

    def _refuse(self, connection: Connection) -> None:
        """Answer 503 without a thread; the rest of the body is not read."""
        request = connection.request
        reusable = request.complete and not request.truncated and expects_reuse(request.head)
        # pipelined requests would be refused too, each from within the last one's refusal
        connection.keep = reusable and not connection.pipelined
        self._refused += 1
        request.clear()  # `_close` would leave it to a thread, and there is none
        try:
            connection.socket.send(refusal(bytes(request.head), keep=connection.keep))
        except OSError:
            self._close(connection)
            return
        self._next(connection)

    def _run(self, connection: Connection, *, partly: bool) -> None:
        connection.state = State.RUNNING
        request = connection.request
        key = connection.key = admission_key(request_line(request.head))
        if key is None:
            self._start(connection, self._worker.reserved_pool, partly=partly)
            return
        if request.head_checked:  # it was admitted before its body came
            self._admission.force(key)
        elif not self._admission.enter(key):
            if not self._admission.wait(key, (connection, partly), time.monotonic()):
                self._refuse(connection)
            return
        self._start(connection, self._worker.tpool, partly=partly)

    def _start(self, connection: Connection, pool: Executor, *, partly: bool) -> None:
        worker = self._worker
        future = pool.submit(worker.run_application, connection, partly)
        future.add_done_callback(
            lambda done: worker.method_queue.defer(self._on_done, connection, done, time.monotonic())
        )

    def _on_done(self, connection: Connection, future: "Future[Outcome]", done_at: float) -> None:
        if connection.key is not None:
            now = time.monotonic()
            self._admission.leave(connection.key, now - done_at, now)
            self.admit_waiting()
        if connection.state is State.CLOSED:
            connection.request.clear()
            return
        outcome = Outcome.CLOSE if future.cancelled() or future.exception() else future.result()
        if outcome is Outcome.PENDING:
            self._wait_for_body(connection)
            return
        connection.keep = outcome is Outcome.KEEP
        connection.request.clear()
        if connection.sock.has_backlog:
            connection.state = State.WRITING
            self._await_client(connection)
        else:
            self._next(connection)

    def _wait_for_body(self, connection: Connection) -> None:
        request = connection.request
        request.head_checked = True
        connection.state = State.READING
        if expects_continue(request.head) and not request.body_size:
            try:
                connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            except OSError:
                self._close(connection)
                return
        self._advance(connection)

    def _await_client(self, connection: Connection) -> None:
        if connection.state in (State.RUNNING, State.WRITING) and connection.sock.has_backlog:
            if not connection.events & selectors.EVENT_WRITE:
                connection.deadline, connection.progress = time.monotonic() + BODY_TIMEOUT, connection.sock.sent
            self._watch(connection, selectors.EVENT_WRITE)

    def _flush(self, connection: Connection) -> None:
        try:
            connection.sock.flush()
        except OSError:
            self._close(connection)
            return
        if not connection.sock.has_backlog:
            self._watch(connection, 0)
            if connection.state is State.WRITING:
                self._next(connection)

    def _next(self, connection: Connection) -> None:
        if not connection.keep or (connection.at_eof and not connection.pipelined):
            self._linger(connection)
            return
        self._begin(connection, self._worker.cfg.keepalive)
        if connection.pipelined:
            self._feed(connection, connection.pipelined)
        else:
            self._watch(connection, selectors.EVENT_READ)

    def _linger(self, connection: Connection) -> None:
        # RFC 9112, 9.6: closing at once could lose the end of the response
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        connection.state = State.LINGERING
        connection.deadline = time.monotonic() + LINGER_TIMEOUT
        self._discard(connection)

    def _discard(self, connection: Connection) -> None:
        try:
            if connection.socket.recv(READ_SIZE):
                self._watch(connection, selectors.EVENT_READ)
            else:
                self._close(connection)
        except BlockingIOError:
            self._watch(connection, selectors.EVENT_READ)
        except OSError:
            self._close(connection)

    def _is_overdue(self, connection: Connection, now: float) -> bool:
        if not self._worker.alive and connection.state is State.READING and not connection.request.head:
            connection.deadline = min(connection.deadline, now + LINGER_TIMEOUT)
        return connection.is_overdue(now)
