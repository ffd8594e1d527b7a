"""A name server of the test's own, below `socket.getaddrinfo`."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

ask = socket.getaddrinfo

PUBLIC = "93.184.215.14"
ADDRESSES: dict[str, list[str]] = {
    "localhost": ["127.0.0.1", "::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "hooks.lan": ["10.0.0.5"],
    "hooks.example": [PUBLIC],
    "half.example": [PUBLIC, "10.0.0.5"],
}


def record_connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that are connected to from now on; nothing public answers."""
    connected: list[str] = []
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], **options: Any) -> socket.socket:
        connected.append(address[0])
        if address[0] == PUBLIC:
            raise ConnectionRefusedError
        return connect(address, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return connected


class Resolver:
    """Answers for the names in `hosts`; a function is asked each time. Addresses are answered as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: dict[str, list[str] | Callable[[], list[str]]] = {}
        self.lookups: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, *arguments: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            self.lookups.append(host)
        else:
            return ask(host, *arguments, **options)
        addresses = self.hosts.get(host)
        if addresses is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        if callable(addresses):
            addresses = addresses()
        return [entry for address in addresses for entry in ask(address, *arguments, **options)]
