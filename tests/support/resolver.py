"""A name server of the test's own, below `socket.getaddrinfo`."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

ask = socket.getaddrinfo


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
