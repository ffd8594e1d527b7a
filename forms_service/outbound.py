"""Outbound HTTP: resolved once, within a deadline, without redirects or proxies."""

import contextlib
import http.client
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import ada_url

from forms_service.config import settings
from forms_service.security.outbound_addresses import AllowList, find_refusal
from forms_service.validation.urls import is_web_url

TIMEOUT = 15.0
"""Seconds, from DNS lookup to the response's last byte."""

LOOKUP_TIMEOUT = 5.0

MAX_RESPONSE_SIZE = 65_536  # bytes

T = TypeVar("T")


class OutboundError(OSError):
    """No response; the reason contains no address or query."""


class OutboundRefusedError(OutboundError):
    """A URL that OUTBOUND_ALLOW does not permit; the text is for whoever set the URL."""


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


def send(call: OutboundRequest, timeout: float = TIMEOUT, *, public_only: bool = False) -> OutboundResponse:
    """Send a request and return the response, whatever its status.

    `public_only` is for URLs that the operator did not set: it applies `check_url` to the addresses connected to.

    :raises OutboundError: without a response within `timeout` seconds
    """
    deadline = time.monotonic() + timeout
    target = _parse_checked(call.url) if public_only else _parse(call.url)
    connection = _Connection(target, settings.outbound_allow if public_only else None, deadline)
    try:
        return run_with_timeout(deadline - time.monotonic(), lambda: _exchange(call, target, connection))
    finally:
        connection.abort()


def check_url(url: str) -> None:
    """Check that a URL is https and public, or allowed by OUTBOUND_ALLOW.

    :raises OutboundRefusedError: says what to write
    """
    target = _parse_checked(url)
    try:
        addresses = resolve(target.host, target.port, LOOKUP_TIMEOUT)
    except OutboundError:
        raise OutboundRefusedError(f"{target.host} does not resolve. Check the host name.") from None
    _check_addresses(target, addresses, settings.outbound_allow)


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a host.

    :raises OutboundError: if unresolved after `timeout` seconds
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return run_with_timeout(timeout, lambda: _resolve(host, port))
    return [host]


class AddressBook:
    """Resolves hosts; addresses that are known stay in use while no name server answers."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[str]] = {}

    def resolve(self, host: str, port: int, timeout: float) -> list[str]:
        """Return its addresses, or raise OutboundError for a host that was never resolved."""
        try:
            self._addresses[host] = resolve(host, port, timeout)
        except OutboundError:
            if host not in self._addresses:
                raise
        return self._addresses[host]


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


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        return self.host.removesuffix(".")


def _parse(url: str) -> _Target:
    # as browsers do: 0x7f000001 is 127.0.0.1, and names are ASCII
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        raise OutboundError("not a URL") from None
    scheme = parsed.protocol.removesuffix(":")
    if scheme not in ("http", "https"):
        raise OutboundError("not an http or https URL")
    port = int(parsed.port or {"http": 80, "https": 443}[scheme])
    return _Target(scheme, parsed.hostname.strip("[]"), port, parsed.pathname + parsed.search)


def _parse_checked(url: str) -> _Target:
    if not is_web_url(url):
        raise OutboundRefusedError(
            "Must be a URL such as https://hooks.example.com/path, without a user name or password."
        )
    return _parse(url)


def _check_addresses(target: _Target, addresses: list[str], allow: AllowList) -> None:
    refusal = find_refusal(target.scheme, target.name, addresses, allow)
    if refusal:
        raise OutboundRefusedError(refusal)


def _exchange(call: OutboundRequest, target: _Target, connection: "_Connection") -> OutboundResponse:
    try:
        connection.request(call.method, target.path, call.body, dict(call.headers))
        with connection.getresponse() as response:  # closing the connection would leave a half-read response open
            return OutboundResponse(response.status, dict(response.headers), _read(response, connection))
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    # connects to the checked addresses: a second lookup would allow DNS rebinding

    stream: socket.socket | None = None

    def __init__(self, target: _Target, allow: AllowList | None, deadline: float) -> None:
        self._target = target
        self._allow = allow
        self._deadline = deadline
        self._tls = settings.outbound_tls_context if target.scheme == "https" else None
        self.default_port = 443 if self._tls else 80
        super().__init__(target.host, target.port)

    def connect(self) -> None:
        addresses = _resolve(self.host, self.port)
        if self._allow is not None:
            _check_addresses(self._target, addresses, self._allow)
        self.stream = self.sock = self._open_socket(addresses)  # http.client drops `sock` after the last response
        if self._tls:
            self.stream = self.sock = self._tls.wrap_socket(
                self.sock, server_hostname=self._target.name, do_handshake_on_connect=False
            )
            self.limit_wait()
            self.sock.do_handshake()
        self.limit_wait()

    def limit_wait(self) -> None:
        """Let the next operation last until the deadline at most."""
        if self.stream:
            self.stream.settimeout(_seconds_left(self._deadline))

    def abort(self) -> None:
        """End whatever another thread waits for."""
        if self.stream:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.stream, socket.SHUT_RDWR)  # SSLSocket.shutdown drops state that it uses

    def _open_socket(self, addresses: list[str]) -> socket.socket:
        failure: OSError = OutboundError("no address")
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), timeout=_seconds_left(self._deadline))
            except OSError as error:
                failure = error
        raise failure


def _read(response: http.client.HTTPResponse, connection: _Connection) -> bytes:
    body = b""
    # from Python 3.13 on, the last read closes the socket
    while len(body) < MAX_RESPONSE_SIZE and not response.isclosed():
        connection.limit_wait()
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
