"""Connections that several workers accept from one socket."""

import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from forms_service.server.balance import LATE_BATCH, PAUSE, TOLERANCE, Balance, ConnectionCounts
from forms_service.server.worker import Worker
from tests.conftest import QUICK
from tests.support.servers import TIMEOUT, Server

CONNECTIONS = 24
PATIENT = """
from forms_service.gunicorn_conf import *
from forms_service.server import balance
balance.PAUSE = 0.3
"""
"""Longer than a busy machine keeps the other worker from a core."""


@pytest.fixture
def counts() -> ConnectionCounts:
    return ConnectionCounts()


def test_workers_have_slots_of_their_own(counts: ConnectionCounts) -> None:
    first = Balance(counts, [])
    second = Balance(counts, [first.slot])
    first.leave()
    third = Balance(counts, [first.slot, second.slot])
    assert (second.slot, third.slot) == (1, 0)


def test_a_worker_alone_accepts_all(counts: ConnectionCounts) -> None:
    first, second = Balance(counts, []), Balance(counts, [0])
    second.record(0)
    second.leave()
    assert first.allowance(1000, 0.0) == sys.maxsize


def test_a_worker_accepts_until_it_has_one_more_than_another(counts: ConnectionCounts) -> None:
    first, second = Balance(counts, []), Balance(counts, [0])
    second.record(3)
    assert first.allowance(0, 0.0) == 4
    assert first.allowance(3, 0.0) == 1
    assert first.allowance(4, 0.0) == 0
    second.record(10 * TOLERANCE)
    assert first.allowance(10 * TOLERANCE, 0.0) == 11, "with many, the difference may be larger"


def test_a_worker_waits_for_one_with_fewer_but_not_for_long(counts: ConnectionCounts) -> None:
    first, second = Balance(counts, []), Balance(counts, [0])
    second.record(0)
    assert [first.allowance(5, now) for now in (0.0, PAUSE / 2)] == [0, 0]
    assert first.pause_left(PAUSE / 2) == pytest.approx(PAUSE / 2)
    assert first.allowance(5, PAUSE) == LATE_BATCH
    assert first.pause_left(PAUSE) == 0
    assert first.allowance(5 + LATE_BATCH, PAUSE) == 0, "and again"


def test_a_worker_told_to_end_while_it_leaves_a_connection_to_another_closes_its_listeners_once(
    counts: ConnectionCounts,
) -> None:
    worker: Any = object.__new__(Worker)
    worker.alive, worker.nr_conns, worker.cfg = False, 5, SimpleNamespace(is_ssl=False, backlog=1)
    worker.balance, other = Balance(counts, []), Balance(counts, [0])
    other.record(0)
    with closing(selectors.DefaultSelector()) as worker.poller, socket.create_server(("127.0.0.1", 0)) as listener:
        worker.sockets, worker._accepting = [listener], True
        worker.poller.register(listener, selectors.EVENT_READ)
        worker.accept(listener)
        worker.set_accept_enabled(False)
        assert listener.fileno() < 0


def test_a_worker_does_not_sleep_on_when_its_pause_ends_just_before(counts: ConnectionCounts) -> None:
    worker: Any = object.__new__(Worker)
    left, timeouts = iter((PAUSE, 0.0)), []
    worker.balance = SimpleNamespace(pause_left=lambda _: next(left, 0.0), record=lambda _: None)
    worker.clients = SimpleNamespace(
        next_timeout=lambda timeout: timeouts.append(timeout) or 0.0, dispatch_heads=int, admit_waiting=int
    )
    worker.nr_conns = 0
    with closing(selectors.DefaultSelector()) as worker.poller:
        worker.set_accept_enabled(True)
        for _ in range(2):
            worker.wait_for_and_dispatch_events(1.0)
    assert timeouts == [0.0, 1.0]


@contextmanager
def clients(server: Server, count: int) -> Iterator[Counter[int]]:
    """So many clients that keep their connections; the number of each worker's connections."""
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT))
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        yield Counter(
            worker.pid
            for worker in psutil.Process(server.process.pid).children()
            for connection in worker.net_connections("tcp")
            if connection.status == psutil.CONN_ESTABLISHED
        )


@pytest.mark.slow
def test_two_workers_share_connections_that_come_at_once(tmp_path: Path) -> None:
    (config := tmp_path / "config.py").write_text(PATIENT)
    server = Server(tmp_path / "two", QUICK, "-c", str(config), "--workers", "2")
    until, started = time.monotonic() + TIMEOUT, 1
    try:
        while started < 2 and time.monotonic() < until:
            with clients(server, 4) as shares:
                started = len(shares)
        with clients(server, CONNECTIONS) as shares:
            assert sum(shares.values()) == CONNECTIONS
            assert max(shares.values()) <= CONNECTIONS // 2 + CONNECTIONS // 2 // TOLERANCE + 1
    finally:
        server.stop()
