"""One dead or flooded target delays no other."""

import threading
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from forms_service.delivery import lanes, leases, outbox, schedules, worker
from forms_service.delivery.message import Answer
from forms_service.delivery.models import Attempt
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.webhook_transport import count_states, fail, queue, register

URL = "https://hooks.example/"


@pytest.mark.usefixtures("each_db_context")
class TestTargets:
    """Many endpoints, some of them in trouble."""

    def test_one_that_hangs_holds_one_thread_and_everybody_else_is_served(self, each_db_context: Flask) -> None:
        endpoints = register(each_db_context)
        urls = [f"{URL}{number}" for number in range(100)]
        hanging, refusing, closing = urls[:3]
        others_done = threading.Event()

        def hang() -> Answer:
            assert others_done.wait(60), "the others wait for the one that hangs"
            return Answer("at last", 200)

        def serve() -> Answer:
            if len(endpoints.messages) >= 97 * 5 - 1:
                others_done.set()
            return Answer("ok", 200)

        endpoints.faults = dict.fromkeys(urls, serve) | {
            hanging: hang,
            refusing: fail("500 broken", status=500),
            closing: fail("The connection was closed."),
        }
        for _ in range(5):
            queue(*urls)
        worker.deliver_due()
        assert count_states() == {"sent": 98 * 5, "waiting": 2 * 5}
        assert endpoints.calls[refusing] == endpoints.calls[closing] == lanes.MAX_FAILURES
        assert endpoints.urls().index(hanging) >= 97 * 5 - 1

    def test_a_flooded_one_delays_another_by_a_few_leases_at_most(self, each_db_context: Flask) -> None:
        endpoints = register(each_db_context)
        queue(*[f"{URL}flooded"] * 5000)
        queue(f"{URL}single")
        worker.deliver_due(lambda: f"{URL}single" in endpoints.calls)
        assert f"{URL}single" in endpoints.urls()
        assert endpoints.calls[f"{URL}flooded"] < 200

    def test_several_floods_take_turns_with_the_others(self, each_db_context: Flask) -> None:
        endpoints = register(each_db_context)
        for number in range(6):
            queue(*[f"{URL}flooded/{number}"] * 600)
        queue(f"{URL}single")
        worker.deliver_due(lambda: f"{URL}single" in endpoints.calls)
        assert f"{URL}single" in endpoints.urls()
        assert len(endpoints.messages) < 400

    def test_at_most_so_many_at_once_to_one_and_one_until_it_has_answered(self, make_app: MakeApp) -> None:
        app = make_app(WEBHOOK_CONCURRENCY="3")
        with app.app_context():
            endpoints = register(app)
            together, alone = threading.Barrier(3, timeout=30), [True]

            def serve() -> Answer:
                if alone:
                    alone.clear()
                    assert endpoints.most_at_once[URL] == 1
                elif len(endpoints.messages) >= 3:  # two at once, then three
                    together.wait()
                return Answer("ok", 200)

            endpoints.faults[URL] = serve
            queue(*[URL] * 15)
            worker.deliver_due()
            assert count_states() == {"sent": 15}
            assert endpoints.most_at_once[URL] == 3


@pytest.mark.usefixtures("each_db_context")
def test_a_database_that_fails_meanwhile_leaves_no_target_blocked(
    each_db_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = register(each_db_context)
    queue(URL, f"{URL}other")
    with monkeypatch.context() as patched:
        fault = OperationalError("SELECT", {}, Exception("gone"))
        patched.setattr(leases, "acquire", Mock(side_effect=fault))
        with pytest.raises(OperationalError):
            worker.deliver_due()
    worker.deliver_due()
    assert len(endpoints.messages) == 2


@pytest.mark.usefixtures("each_db_context")
class TestCircuits:
    """What fails again and again is left alone until a probe."""

    def test_it_opens_after_failures_in_a_row_and_one_probe_decides(
        self, each_db_context: Flask, clock: Callable[..., None]
    ) -> None:
        endpoints = register(each_db_context)
        endpoints.faults[URL] = fail("503 away", status=503)
        queue(*[URL] * 8)
        worker.deliver_due()
        assert endpoints.calls[URL] == lanes.MAX_FAILURES
        clock(seconds=lanes.FIRST_OPEN_SECONDS + 1)
        worker.deliver_due()
        assert endpoints.calls[URL] == lanes.MAX_FAILURES + 1, "the probe failed"
        clock(seconds=lanes.FIRST_OPEN_SECONDS + 1)
        worker.deliver_due()
        assert endpoints.calls[URL] == lanes.MAX_FAILURES + 1, "the next probe is twice as far"
        endpoints.faults.clear()
        clock(seconds=lanes.FIRST_OPEN_SECONDS + 1)
        worker.deliver_due()
        assert len(endpoints.messages) == 8

    @pytest.mark.parametrize(("retry_after", "seconds"), [(None, 30), (600.0, 600), (1e9, 3600)])
    def test_one_that_is_overloaded_is_left_alone_as_long_as_it_asks(
        self, each_db_context: Flask, clock: Callable[..., None], retry_after: float | None, seconds: int
    ) -> None:
        endpoints = register(each_db_context)
        endpoints.faults[URL] = fail("429", status=429, slow_down=True, retry_after=retry_after)
        queue(*[URL] * 3)
        worker.deliver_due()
        assert endpoints.calls[URL] == 1
        endpoints.faults.clear()
        clock(seconds=seconds - 2)
        worker.deliver_due()
        assert endpoints.calls[URL] == 1
        clock(seconds=4)
        worker.deliver_due()
        assert len(endpoints.messages) >= 2, "the first one keeps its own schedule"

    def test_an_open_one_does_not_make_the_queue_look_late(
        self, each_db_context: Flask, clock: Callable[..., None]
    ) -> None:
        endpoints = register(each_db_context)
        endpoints.faults[URL] = fail("503 away", status=503)
        queue(*[URL] * 8)
        worker.deliver_due()
        clock(minutes=20)
        assert outbox.backlog() == outbox.Backlog(8, 0)
        queue(f"{URL}other")
        clock(minutes=3)
        assert outbox.backlog().oldest_seconds >= 180, "nobody has failed to deliver that one"


def test_a_webhook_is_tried_ten_times_over_76_hours(app: Flask, clock: Callable[..., None]) -> None:
    with app.app_context():
        endpoints = register(app)
        endpoints.faults[URL] = fail("500 no", status=500)
        queue(URL)
        for delay in (0, *schedules.WEBHOOK_DELAYS):
            clock(seconds=delay * (1 + schedules.JITTER))
            worker.deliver_due()
        assert count_states() == {"failed": 1}
        attempts = db.session.scalars(select(Attempt).order_by(Attempt.id)).all()
        assert [attempt.outcome for attempt in attempts] == ["again"] * 9 + ["failed"]
        assert {(attempt.status, attempt.answer) for attempt in attempts} == {(500, "500 no")}
        assert all(attempt.duration is not None for attempt in attempts)
    assert 75 * 3600 < sum(schedules.WEBHOOK_DELAYS) <= 76 * 3600


@pytest.mark.parametrize(("retry_after", "least", "most"), [(1.0, 4, 6), (3600.0, 3600, 3600), (1e9, 86400, 86400)])
def test_retry_after_delays_an_attempt_by_a_day_at_most_and_never_advances_it(
    retry_after: float, least: float, most: float
) -> None:
    delay = schedules.next_delay("webhook", 1, retry_after)
    assert delay is not None
    assert least <= delay <= most
