"""gunicorn's thread worker with an event loop that waits for clients.

While a body is slow, the application first runs with the head alone, to refuse at once. Reading the body raises
BodyPendingError: the request runs again once it has arrived.
"""

import errno
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

from gunicorn import http, util
from gunicorn.http import wsgi as http_wsgi
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, NoMoreData, ParseException
from gunicorn.workers.gthread import ThreadWorker

from forms_service.server.balance import Balance
from forms_service.server.connection import BodyPendingError, Connection, Outcome, RequestReader, Response
from forms_service.server.environ import CONSTANT_HEADERS, MALFORMED, SCRATCH
from forms_service.server.loop import EARLY_BODY, ClientLoop
from forms_service.server.spool import SpoolSpace

SEND_BUFFER = 262_144
"""Bytes; the kernel would buffer megabytes for a client that does not read."""


ACCEPT_BATCH = 16
"""Connections per turn of the event loop; the rest may be another worker's."""

RESERVED_THREADS = 4
"""For health checks, which must answer while all other threads are busy."""


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    spool_folder = Path("/var/tmp")  # noqa: S108 (gunicorn.conf.py names the instance folder)
    max_body = 2**25
    public_scheme = "http"
    on_refused: Callable[[int], object] = staticmethod(lambda count: None)
    """Counts requests that were refused because too many arrive."""

    balance: Balance
    """Set before the fork."""

    _pauses = False
    wsgi: Any

    def init_process(self) -> None:
        for listener in self.sockets:  # accepted sockets inherit it
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.reserved_pool = ThreadPoolExecutor(RESERVED_THREADS)
        self.clients = ClientLoop(self, SpoolSpace(self.spool_folder), self.max_body)
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.application = self.wsgi
        self.wsgi = self._call

    def _call(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        if isinstance(connection, Response):
            environ[SCRATCH] = connection.scratch
        server_response = getattr(start_response, "__self__", None)
        if isinstance(server_response, http_wsgi.Response):
            start_response = partial(_start_response, server_response)
        response: Iterable[bytes] = self.application(environ, start_response)
        return response

    def set_accept_enabled(self, enabled: bool) -> None:
        self._pauses = enabled and self.balance.pause_left(time.monotonic()) > 0
        if self._pauses:
            return  # gunicorn asks again in each turn
        super().set_accept_enabled(enabled)
        if not self.alive:
            self.balance.leave()
            self._close_listeners()

    def _close_listeners(self) -> None:
        """Accept what is queued, then have the kernel refuse.

        gunicorn closes them last: until then, connections would be queued that nobody serves.
        """
        for listener in self.sockets:
            queued = select.poll()
            queued.register(listener, select.POLLIN)
            for _ in range(self.cfg.backlog):
                if not queued.poll(0):
                    break
                self.accept(listener)
            listener.close()

    def accept(self, listener: Any) -> None:
        if self.cfg.is_ssl:  # gunicorn serves TLS
            super().accept(listener)
            return
        allowance = self.balance.allowance(self.nr_conns, time.monotonic())
        if not allowance:
            super().set_accept_enabled(False)  # ours closes the listeners after SIGTERM, which gunicorn will ask for
            return
        for _ in range(min(ACCEPT_BATCH, allowance)):
            try:
                accepted, client = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self.clients.close_longest_idle()
                return
            if self.nr_conns + 1 >= self.worker_connections:
                self.clients.close_longest_idle()
            self.clients.add(accepted, client, listener.getsockname())
            self.balance.record(self.nr_conns)

    def run_application(self, connection: Connection, partly: bool) -> Outcome:
        """Runs in a thread."""
        request, response, parsed = connection.request, connection.sock, None
        request.rewind()
        parser = http.get_parser(self.cfg, RequestReader(request, partial=partly), connection.client)
        try:
            parsed = next(parser)
            announced = getattr(parsed.body.reader, "length", None)  # None for a chunked body
            if partly or request.truncated or announced not in (None, request.body_size):
                parsed.force_close()
            keep = self.handle_request(parsed, connection)
            response.finish()
            if keep and announced is None:
                keep = _drain(parsed.body) and request.exhausted()
            return Outcome.KEEP if keep else Outcome.CLOSE
        except BodyPendingError:
            return Outcome.CLOSE if response.started else Outcome.PENDING
        except (NoMoreData, StopIteration, OSError) as error:
            if request.truncated and not request.has_head:
                self.handle_error(parsed, response, connection.client, LimitRequestHeaders("a head without an end"))
            self.log.debug("Connection closed: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 (as gunicorn's own worker)
            if not response.started:
                self.handle_error(parsed, response, connection.client, error)
        return Outcome.CLOSE

    def report_refused(self, count: int) -> None:
        self.on_refused(count)
        self.log.warning("Refused %d requests: more arrive than this process can serve.", count)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer malformed HTTP ourselves: gunicorn would echo and log the input."""
        if not isinstance(exc, ParseException):
            super().handle_error(None, client, addr, exc)
            return
        remote = addr[0] if addr else ""  # nothing on a Unix socket
        environ = {"REQUEST_METHOD": "-", "PATH_INFO": "/*", "REMOTE_ADDR": remote, MALFORMED: _fault(exc)}
        environ["wsgi.url_scheme"] = self.public_scheme  # malformed bytes say nothing about TLS
        setup_testing_defaults(environ)
        head: list[Any] = []
        body = b"".join(self.wsgi(environ, lambda *arguments: head.extend(arguments)))
        lines = [f"HTTP/1.1 {head[0]}", *(f"{name}: {value}" for name, value in head[1]), "", ""]
        try:
            util.write_nonblock(client, "\r\n".join(lines).encode("latin-1") + body)
            if isinstance(client, Response):
                client.finish()
        except OSError:
            self.log.debug("The client has disconnected.")

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        self.balance.record(self.nr_conns)
        if self._pauses:  # even if the pause has ended since: connections are accepted only after the next turn
            timeout, self._pauses = min(timeout, self.balance.pause_left(time.monotonic())), False
        super().wait_for_and_dispatch_events(self.clients.next_timeout(timeout))
        self.clients.dispatch_heads()
        self.clients.admit_waiting()

    def murder_pending(self) -> None:
        super().murder_pending()
        self.clients.sweep()


def _fault(error: Exception) -> str:
    # gunicorn's own texts repeat the input
    if isinstance(error, LimitRequestLine):
        return "The URL is too long. Send long values in the body."
    if isinstance(error, LimitRequestHeaders):
        return "The headers are too large. Send fewer or shorter ones, such as fewer cookies."
    return "Malformed HTTP request."


def _start_response(response: Any, status: str, headers: Sequence[tuple[str, str]], *exc_info: Any) -> Any:
    # gunicorn checks each header in 5 µs
    write = response.start_response(status, [one for one in headers if one not in CONSTANT_HEADERS], *exc_info)
    response.headers += [one for one in headers if one in CONSTANT_HEADERS]
    return write


def _drain(body: Any) -> bool:
    """Read a chunked body; return whether it ends."""
    try:
        while not body.failed and body.read(EARLY_BODY):
            pass
    except Exception:  # noqa: BLE001 (already answered: a fault must not cause a second response)
        return False
    return not body.failed
