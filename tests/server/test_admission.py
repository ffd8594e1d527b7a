"""Requests beyond the threads: who waits, who is refused, and how fast."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from forms_service.server.admission import BURST, BURST_WAIT, OVERLOAD_WAIT, Admission
from tests.conftest import QUICK
from tests.support import servers
from tests.support.visitors import form_for

CROWD = 150
"""More than a form may have in threads, and fewer than worker_connections."""


def admitted(admission: Admission[str]) -> list[str]:
    return list(admission.admitted())


def test_a_key_gets_its_share_and_leaves_the_rest() -> None:
    admission: Admission[str] = Admission(slots=4, share=3)
    assert [admission.enter(b"a") for _ in range(4)] == [True, True, True, False]
    assert [admission.enter(b"b") for _ in range(2)] == [True, False]


def test_keys_take_turns() -> None:
    admission: Admission[str] = Admission(slots=2, share=2)
    assert [admission.enter(b"a"), admission.enter(b"a")] == [True, True]
    for job in ("a1", "a2", "a3", "b1"):
        assert admission.wait(job[:1].encode(), job, now=0.0)
    order = []
    for _ in range(4):
        admission.leave(b"a")
        order += admitted(admission)
    assert order == ["a1", "b1", "a2", "a3"]


def test_a_burst_waits_and_a_standing_queue_is_refused() -> None:
    admission: Admission[str] = Admission(slots=1, share=1)
    assert admission.enter(b"a")
    assert admission.wait(b"a", "first", now=0.0)
    assert list(admission.overdue(OVERLOAD_WAIT * 2)) == [], "a burst"
    later = BURST + OVERLOAD_WAIT
    assert list(admission.overdue(later)) == ["first"]
    assert admission.wait(b"a", "too soon", now=later)
    assert admission.next_deadline(later) == later + OVERLOAD_WAIT
    assert list(admission.overdue(later + OVERLOAD_WAIT)) == ["too soon"]
    calm = later + OVERLOAD_WAIT + BURST
    assert admission.wait(b"a", "a burst again", now=calm)
    assert admission.next_deadline(calm) == calm + BURST_WAIT


def test_under_overload_newcomers_are_refused_at_once() -> None:
    admission: Admission[str] = Admission(slots=1, share=1)
    assert admission.enter(b"a")
    moments = (number * OVERLOAD_WAIT / 10 for number in itertools.count())
    waited = 0.0
    for now in itertools.takewhile(lambda now: now < 2.0, moments):
        list(admission.overdue(now))
        if not admission.wait(b"a", str(now), now):
            waited = max(waited, now)
    assert waited > BURST, "some were refused without waiting"
    assert (admission.next_deadline(2.0) or 0) <= 2.0 + OVERLOAD_WAIT


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
