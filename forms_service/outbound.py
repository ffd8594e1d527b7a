"""The one way out: HTTP to a host that is looked up once, within a deadline, without redirects and proxies."""

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

MAX_ANSWER = 65_536
"""Bytes that are read of an answer."""

T = TypeVar("T")


class OutboundError(OSError):
    """There was no answer: the reason names no address and no query."""


@dataclass(frozen=True)
class Answer:
    """What a server answered; `body` is cut off at MAX_ANSWER."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """A request to an outside service."""

    url: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    allows: Callable[[str], bool] = lambda _: True
    """Whether an address that the host has may be connected to."""


def send(call: Call, timeout: float) -> Answer:
    """Send a request and read the answer, whatever its status.

    It runs in a thread of its own, since neither a lookup nor an answer that drips in can be ended from outside.

    :raises OutboundError: when there is none within `timeout` seconds
    """
    until = time.monotonic() + timeout
    return within(timeout, lambda: _exchange(call, until))


def addresses_of(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a host.

    :raises OutboundError: when they are not found within `timeout` seconds
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return within(timeout, lambda: _look_up(host, port))
    return [host]


def within(timeout: float, action: Callable[[], T]) -> T:
    """Return what `action` returns if it does so in time; otherwise its thread is left to itself.

    :raises OutboundError: when it fails or takes longer
    """
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
    except Exception as error:  # noqa: BLE001 (it is raised again by whoever waits)
        future.set_exception(error)


def _exchange(call: Call, until: float) -> Answer:
    parts = urllib.parse.urlsplit(call.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OutboundError("not an http or https address")
    connection = _Connection(parts, call.allows, until)
    try:
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(call.method, target, call.body, dict(call.headers))
        with connection.getresponse() as answer:  # closing the connection leaves a half-read answer open
            return Answer(answer.status, dict(answer.headers), _read(answer, connection.sock_to_read, until))
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked up once, checked, and is then connected to."""

    sock_to_read: socket.socket

    def __init__(self, parts: urllib.parse.SplitResult, allows: Callable[[str], bool], until: float) -> None:
        self._tls = parts.scheme == "https"
        self._allows = allows
        self._until = until
        self.default_port = 443 if self._tls else 80
        super().__init__(str(parts.hostname), parts.port)

    def connect(self) -> None:
        """Connect to the first address that takes the connection.

        :raises OutboundError: when the host has an address that is not allowed
        """
        found = _look_up(self.host, self.port)
        if not all(map(self._allows, found)):
            raise OutboundError("address not allowed")
        self.sock = self._connected(found)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
        self.sock_to_read = self.sock  # http.client forgets it once the answer is the last one on it

    def _connected(self, addresses: list[str]) -> socket.socket:
        failure: OSError = OutboundError("no address")
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), timeout=_left(self._until))
            except OSError as error:
                failure = error
        raise failure


def _read(answer: http.client.HTTPResponse, sock: socket.socket, until: float) -> bytes:
    body = b""
    while len(body) < MAX_ANSWER:
        sock.settimeout(_left(until))
        piece = answer.read1(MAX_ANSWER - len(body))
        if not piece:
            break
        body += piece
    return body


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise OutboundError("too slow")
    return left
