"""Client of clamd: streams a file with INSTREAM, within bounds, and never fails an upload."""

import contextlib
import logging
import socket
from pathlib import Path
from typing import NamedTuple, cast

from flask import Flask, current_app

from forms_service.circuit_breaker import CircuitBreaker
from forms_service.config import Settings
from forms_service.logs import event
from forms_service.metrics import FILES_SCANNED, SCANNER_AWAY

TIMEOUT = 2.0
"""Seconds to connect, and until clamd takes more bytes."""

PING_TIMEOUT = 1.0
"""Seconds; within what a health check has."""

VERDICT_TIMEOUT = 10.0
"""Seconds to scan a file that it has received."""

MAX_REPLY = 4096
MAX_NAME = 100
MAX_CHUNK = 65_536

CLEAN = "clean"
INFECTED = "infected"
NOT_SCANNED = "not_scanned"


class Verdict(NamedTuple):
    status: str
    threat: str | None = None
    """The signature's name."""


class ScannerError(Exception):
    """clamd is away, too slow, or answers with an error."""


class Scanner:
    """A clamd, by host and port or by the path of its socket."""

    def __init__(self, address: tuple[str, int] | Path) -> None:
        self._address = address
        self.circuit = CircuitBreaker()

    def scan(self) -> "Scan":
        """Begin to scan a file."""
        return Scan(self)

    def ping(self) -> None:
        """Check that it answers.

        :raises ScannerError: otherwise
        """
        try:
            with self.connect() as connection:
                connection.settimeout(PING_TIMEOUT)
                connection.sendall(b"zPING\0")
                reply = _receive(connection)
        except OSError as error:
            raise ScannerError(f"clamd does not respond ({type(error).__name__}).") from error
        if reply != "PONG":
            raise ScannerError("What answers at CLAMD is not clamd.")
        self.record_success()

    def connect(self) -> socket.socket:
        if isinstance(self._address, Path):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(TIMEOUT)
            try:
                connection.connect(str(self._address))
            except OSError:
                connection.close()
                raise
            return connection
        return socket.create_connection(self._address, timeout=TIMEOUT)

    def record_success(self) -> None:
        if self.circuit.record_success():
            SCANNER_AWAY.set(0)
            event("scanner_back", level=logging.WARNING)

    def record_failure(self, reason: str) -> None:
        SCANNER_AWAY.set(1)
        if self.circuit.record_failure(reason):
            event("scanner_away", level=logging.ERROR, reason=reason)


class Scan:
    """One file; a failure makes it `not_scanned`."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._connection: socket.socket | None = None
        if scanner.circuit.begin_call():
            try:
                self._connection = scanner.connect()
                self._connection.sendall(b"zINSTREAM\0")
            except OSError as error:
                self._give_up(type(error).__name__)

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_CHUNK):
            self._send(data[start : start + MAX_CHUNK])

    def finish(self) -> Verdict:
        """Return the verdict on all that was written."""
        verdict = self._ask() if self._connection else Verdict(NOT_SCANNED)
        self.close()
        FILES_SCANNED.labels(verdict.status).inc()
        if verdict.status != CLEAN:
            event(f"file_{verdict.status}", level=logging.WARNING, threat=verdict.threat)
        return verdict

    def close(self) -> None:
        """End without a verdict; harmless afterwards."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _send(self, chunk: bytes) -> None:
        if self._connection:
            try:
                self._connection.sendall(len(chunk).to_bytes(4) + chunk)
            except TimeoutError as error:
                self._give_up(type(error).__name__)
            except OSError:  # it may have refused the size, and says so
                self._refuse()

    def _refuse(self) -> None:
        reply = ""
        with contextlib.suppress(OSError):
            reply = _receive(cast("socket.socket", self._connection))
        if "size limit exceeded" in reply:
            event("file_too_large_to_scan", level=logging.WARNING)
            self.close()
        else:
            self._give_up(reply[:MAX_NAME] or "connection lost")

    def _ask(self) -> Verdict:
        connection = cast("socket.socket", self._connection)
        try:
            connection.settimeout(VERDICT_TIMEOUT)
            connection.sendall(bytes(4))
            reply = _receive(connection)
        except OSError as error:
            self._give_up(type(error).__name__)
            return Verdict(NOT_SCANNED)
        if reply == "stream: OK":
            self._scanner.record_success()
            return Verdict(CLEAN)
        if reply.startswith("stream: ") and reply.endswith(" FOUND"):
            self._scanner.record_success()
            name = reply.removeprefix("stream: ").removesuffix(" FOUND")
            return Verdict(INFECTED, "".join(filter(str.isprintable, name))[:MAX_NAME])
        if "size limit exceeded" not in reply:
            self._give_up(reply[:MAX_NAME])
        return Verdict(NOT_SCANNED)

    def _give_up(self, reason: str) -> None:
        self._scanner.record_failure(reason)
        self.close()


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["scanner"] = Scanner(settings.clamd) if settings.clamd else None


def current_scanner() -> Scanner | None:
    return cast("Scanner | None", current_app.extensions["scanner"])


def _receive(connection: socket.socket) -> str:
    reply = b""
    while len(reply) < MAX_REPLY and not reply.endswith(b"\0") and (chunk := connection.recv(MAX_REPLY)):
        reply += chunk
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")
