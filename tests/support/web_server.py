"""A web server on loopback that leads on, never ends, or is slow."""

import http.server
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class WebServer(http.server.ThreadingHTTPServer):
    """Remembers what it was asked: path and Host."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str]] = []
        self.server_names: list[str | None] = []
        self.connections = 0
        if context:
            context.sni_callback = lambda _, name, __: self.server_names.append(name)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def url(self, path: str = "/", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.server_port}{path}"

    def get_request(self) -> Any:
        """Count a connection."""
        accepted = super().get_request()
        self.connections += 1
        return accepted

    def handle_error(self, *_: Any) -> None:
        """Say nothing: it writes to who has gone."""


def serve_in_thread(server: socketserver.BaseServer) -> None:
    """Serve until `shutdown`, which waits for a moment only."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """A server while the block runs."""
    server = WebServer(context)
    serve_in_thread(server)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Host"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/secret")
            self.end_headers()
            return
        if self.path == "/slow-head":
            self._trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.send_response(200)
        self.end_headers()
        while self.path == "/endless":
            self.wfile.write(b"x" * 65_536)
        if self.path == "/trickle":
            self._trickle(b"")
        self.wfile.write(b"hello")

    def _trickle(self, start: bytes) -> None:
        self.wfile.write(start)
        while True:
            self.wfile.write(b"x")
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        pass
