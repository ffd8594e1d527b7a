"""Requests beyond the threads: who waits, who is refused, and how fast."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from forms_service.server.admission import MAX_EXPECTED_WAIT, MAX_LAG, MAX_STANDSTILL, MIN_SLOTS, Admission
from tests.conftest import QUICK
from tests.support import servers
from tests.support.visitors import form_for

CROWD = 400
"""More than run and may wait, and fewer than worker_connections."""


def admitted(admission: Admission[str], now: float = 0.0) -> list[str]:
    return list(admission.admitted(now))


def fill(admission: Admission[str], key: bytes) -> int:
    """Take all slots that the key may have; return their number."""
    return sum(1 for _ in itertools.takewhile(bool, (admission.enter(key) for _ in itertools.count())))


def overload(
    admission: Admission[str], seconds: float, *, lag: float, job_seconds: float, arrivals: int
) -> tuple[int, float]:
    """Let jobs arrive while one ends after another; return the refused, and the longest wait of the others."""
    refused, waited, now = 0, 0.0, 0.0
    running = fill(admission, b"a")
    while now < seconds:
        now += job_seconds
        for _ in range(arrivals):
            refused += not admission.wait(b"a", str(now), now)
        refused += len(list(admission.overdue(now)))
        if running:
            admission.leave(b"a", lag, now)
            running -= 1
        started = admitted(admission, now)
        running += len(started)
        waited = max([waited, *(now - float(job) for job in started)])
    return refused, waited


def test_a_key_gets_its_share_and_leaves_the_rest() -> None:
    admission: Admission[str] = Admission(4)
    assert fill(admission, b"a") == 3
    assert fill(admission, b"b") == 1


def test_keys_take_turns() -> None:
    admission: Admission[str] = Admission(1)
    assert fill(admission, b"a") == 1
    for job in ("a1", "a2", "", "b1"):
        assert admission.wait(job[:1].encode(), job, now=0.0)
    order = []
    for key in (b"a", b"a", b"", b"b"):
        admission.leave(key, lag=0.0, now=0.0)
        order += admitted(admission)
    assert order == ["a1", "", "b1", "a2"]


def test_who_would_wait_too_long_is_refused_at_once() -> None:
    refused, waited = overload(Admission(MIN_SLOTS), 10, lag=MAX_LAG, job_seconds=0.01, arrivals=5)
    assert refused > 10 / 0.01 * 3
    assert waited < MAX_EXPECTED_WAIT * 1.1


def test_the_faster_jobs_end_the_more_may_wait() -> None:
    slow, fast = Admission[str](MIN_SLOTS), Admission[str](MIN_SLOTS)
    overload(slow, 2, lag=MAX_LAG, job_seconds=0.02, arrivals=2)
    overload(fast, 2, lag=MAX_LAG, job_seconds=0.002, arrivals=2)
    slow_waits, fast_waits = (len(list(one.overdue(2 + MAX_STANDSTILL * 2))) for one in (slow, fast))
    assert fast_waits > slow_waits * 4


def test_at_a_standstill_all_that_wait_are_refused_and_newcomers_at_once() -> None:
    admission: Admission[str] = Admission(1)
    fill(admission, b"a")
    for number, job in enumerate(("first", "second")):
        assert admission.wait(b"a", job, now=MAX_STANDSTILL * number / 2)
    assert list(admission.overdue(MAX_STANDSTILL * 0.9)) == []
    assert list(admission.overdue(MAX_STANDSTILL)) == ["first", "second"]
    assert not admission.wait(b"a", "third", now=MAX_STANDSTILL)
    admission.leave(b"a", lag=0.0, now=MAX_STANDSTILL)
    fill(admission, b"a")
    assert admission.wait(b"a", "fourth", now=MAX_STANDSTILL)


def test_one_that_waits_keeps_its_turn_while_others_are_served() -> None:
    admission: Admission[str] = Admission(1)
    fill(admission, b"a")
    waiting = [str(number) for number in range(8)]
    assert all(admission.wait(b"a", job, now=0.0) for job in waiting)
    served = []
    for number in range(1, 9):
        now = MAX_STANDSTILL / 2 * number
        assert list(admission.overdue(now)) == []
        admission.leave(b"a", lag=0.0, now=now)
        served += admitted(admission, now)
    assert served == waiting


def test_jobs_that_wait_for_something_else_than_the_processor_get_more_slots() -> None:
    admission: Admission[str] = Admission(96)
    few = fill(admission, b"a")
    started, now = 0, 0.0
    for number in range(200):
        admission.wait(b"a", str(number), now)
    while now < MAX_STANDSTILL / 2:
        now = admission.next_deadline() or MAX_STANDSTILL
        started += len(admitted(admission, now))
    assert started > 5, f"besides {few}, of which none ended"


def test_a_late_event_loop_takes_the_slots_back() -> None:
    admission: Admission[str] = Admission(96)
    overload(admission, 2, lag=0.0, job_seconds=0.001, arrivals=1)
    left = fill(admission, b"b")
    assert left > MIN_SLOTS // 2
    for _ in range(left):
        admission.leave(b"b", lag=MAX_LAG * 2, now=2.0)
    for _ in range(200):
        admission.leave(b"a", lag=MAX_LAG * 2, now=2.0)
        admission.force(b"a")
    assert fill(admission, b"b") <= MIN_SLOTS // 4


class TestOnAServer:
    """All threads of a form wait for a lock of the database."""

    pytestmark = pytest.mark.slow

    @pytest.fixture
    def crowd(
        self, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[tuple[servers.Server, str]]:
        folder = tmp_path_factory.mktemp("crowded")
        settings = {**QUICK, "DATABASE_URL": postgres_url, "RATE_LIMIT_ENABLED": "false"}
        with servers.filled(folder, settings) as app:
            form = form_for(app)
        server = servers.Server(folder, settings)
        yield server, form
        server.stop()

    def test_the_others_are_refused_from_the_event_loop(
        self, crowd: tuple[servers.Server, str], postgres_url: str
    ) -> None:
        server, form = crowd

        def send(number: int) -> requests.Response:
            return server.post(f"/f/{form}", json={"message": f"Hello {number}"})

        assert send(-1).status_code == 200
        with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(CROWD) as visitors:
            other.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
            answers = [visitors.submit(send, number) for number in range(CROWD)]
            until = time.monotonic() + servers.TIMEOUT
            while "Refused" not in server.log.read_text() and time.monotonic() < until:
                assert server.get("/health/live").status_code == 200
                time.sleep(0.05)
        responses = [answer.result() for answer in answers]
        refused = [one for one in responses if "too busy" in one.text]
        assert refused
        assert {(one.status_code, one.headers["Retry-After"]) for one in refused} == {(503, "2")}
        assert refused[0].json()["error_type"] == "ServiceUnavailableError"
        assert send(CROWD).status_code == 200
