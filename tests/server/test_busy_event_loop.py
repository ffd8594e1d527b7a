"""What the event loop does with requests that it refuses itself, while all threads are busy."""

import logging
import selectors
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forms_service.server.loop import ClientLoop
from forms_service.server.spool import MAX_IN_MEMORY, MAX_ON_DISK, SpoolFullError, SpoolSpace

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class BusyWorker(SimpleNamespace):
    """Has one thread, which never ends what it runs, and an event loop that turns when it is told to."""

    def __init__(self, folder: Path) -> None:
        never: Any = SimpleNamespace(submit=lambda *_: Future())
        super().__init__(
            alive=True,
            cfg=SimpleNamespace(threads=1, keepalive=15),
            log=logging.getLogger("server"),
            method_queue=SimpleNamespace(defer=lambda *_: None),
            nr_conns=0,
            poller=selectors.DefaultSelector(),
            reserved_pool=never,
            run_application=None,
            tpool=never,
        )
        self.space = SpoolSpace(folder)
        self.clients = ClientLoop(self, self.space, max_body=2**20)
        self.sockets = ExitStack()
        self.sockets.enter_context(closing(self.poller))
        self.listener = self.sockets.enter_context(socket.create_server(("127.0.0.1", 0)))

    def connect(self) -> socket.socket:
        client = self.sockets.enter_context(socket.create_connection(self.listener.getsockname(), timeout=10))
        accepted, address = self.listener.accept()
        self.sockets.enter_context(accepted)
        self.clients.add(accepted, address, self.listener.getsockname())
        return client

    def turn(self) -> None:
        for key, _ in self.poller.select(timeout=1):
            key.data(key.fileobj)
        self.clients.admit_waiting()


def is_unused(space: SpoolSpace) -> bool:
    with suppress(SpoolFullError):
        space.take(MAX_ON_DISK)
        space.take(-MAX_ON_DISK)
        return True
    return False


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[BusyWorker]:
    worker = BusyWorker(tmp_path)
    with worker.sockets:
        worker.connect().sendall(GET)
        worker.turn()
        yield worker


@pytest.fixture
def refusing(worker: BusyWorker, monkeypatch: pytest.MonkeyPatch) -> BusyWorker:
    """The worker at a standstill."""
    monkeypatch.setattr("forms_service.server.admission.MAX_STANDSTILL", 0.0)
    client = worker.connect()
    client.sendall(GET)
    worker.turn()
    assert b" 503 " in client.recv(65_536)
    return worker


def test_a_refusal_of_head_has_no_body_and_keeps_the_connection(refusing: BusyWorker) -> None:
    client = refusing.connect()
    client.sendall(GET.replace(b"GET", b"HEAD"))
    refusing.turn()
    reply = client.recv(65_536)
    assert reply.startswith(b"HTTP/1.1 503 ")
    assert b"Connection: keep-alive\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_a_refusal_of_hundreds_of_pipelined_requests_ends_the_connection_alone(refusing: BusyWorker) -> None:
    client = refusing.connect()
    client.sendall(GET * 500)
    refusing.turn()
    reply = client.recv(65_536)
    assert reply.count(b"HTTP/1.1 503 ") == 1
    assert b"Connection: close\r\n" in reply


def test_a_client_that_is_gone_before_its_refusal_leaves_no_body_on_the_disk(
    worker: BusyWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = MAX_IN_MEMORY * 2
    client = worker.connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    while is_unused(worker.space):
        worker.turn()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()  # with a reset
    monkeypatch.setattr("forms_service.server.admission.MAX_STANDSTILL", 0.0)
    worker.turn()
    assert worker.nr_conns == 1, "the busy one"
    assert is_unused(worker.space)
