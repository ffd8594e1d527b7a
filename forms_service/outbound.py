"""Outbound HTTP: resolved once, within a deadline, without redirects or proxies."""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

MAX_RESPONSE_SIZE = 65_536  # bytes

T = TypeVar("T")


class OutboundError(OSError):
    """No response; the reason contains no address or query."""


@dataclass(frozen=True)
class OutboundResponse:
    """A response; `body` is truncated at MAX_RESPONSE_SIZE."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class OutboundRequest:
    """A request to another server."""

    url: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    allows_address: Callable[[str], bool] = lambda _: True
    """Checks each resolved address (SSRF)."""


def send(call: OutboundRequest, timeout: float) -> OutboundResponse:
    """Send a request and return the response, whatever its status.

    :raises OutboundError: without a response within `timeout` seconds
    """
    deadline = time.monotonic() + timeout
    return run_with_timeout(timeout, lambda: _exchange(call, deadline))


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a host.

    :raises OutboundError: if unresolved after `timeout` seconds
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return run_with_timeout(timeout, lambda: _resolve(host, port))
    return [host]


def run_with_timeout(timeout: float, action: Callable[[], T]) -> T:
    """Return `action()`; on timeout, its thread is abandoned.

    :raises OutboundError: if it fails or times out
    """
    # in a thread of its own: neither a lookup nor a slow response can be interrupted
    future: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(future, action), name="outbound", daemon=True).start()
    try:
        return future.result(max(0.0, timeout))
    except OutboundError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OutboundError(type(error).__name__) from error


def _fulfil(future: "Future[Any]", action: Callable[[], Any]) -> None:
    try:
        future.set_result(action())
    except Exception as error:  # noqa: BLE001 (raised again by the caller)
        future.set_exception(error)


def _exchange(call: OutboundRequest, deadline: float) -> OutboundResponse:
    parts = urllib.parse.urlsplit(call.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OutboundError("not an http or https address")
    connection = _Connection(parts, call.allows_address, deadline)
    try:
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(call.method, target, call.body, dict(call.headers))
        with connection.getresponse() as response:  # closing the connection would leave a half-read response open
            return OutboundResponse(
                response.status, dict(response.headers), _read(response, connection.sock_to_read, deadline)
            )
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    # connects to the checked addresses: a second lookup would allow DNS rebinding

    sock_to_read: socket.socket

    def __init__(self, parts: urllib.parse.SplitResult, allows: Callable[[str], bool], deadline: float) -> None:
        self._tls = parts.scheme == "https"
        self._allows = allows
        self._deadline = deadline
        self.default_port = 443 if self._tls else 80
        super().__init__(str(parts.hostname), parts.port)

    def connect(self) -> None:
        addresses = _resolve(self.host, self.port)
        if not all(map(self._allows, addresses)):
            raise OutboundError("address not allowed")
        self.sock = self._open_socket(addresses)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
        self.sock_to_read = self.sock  # http.client drops it after the last response

    def _open_socket(self, addresses: list[str]) -> socket.socket:
        failure: OSError = OutboundError("no address")
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), timeout=_seconds_left(self._deadline))
            except OSError as error:
                failure = error
        raise failure


def _read(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    body = b""
    while len(body) < MAX_RESPONSE_SIZE:
        sock.settimeout(_seconds_left(deadline))
        chunk = response.read1(MAX_RESPONSE_SIZE - len(body))
        if not chunk:
            break
        body += chunk
    return body


def _resolve(host: str, port: int) -> list[str]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in addresses))


def _seconds_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutboundError("too slow")
    return left
