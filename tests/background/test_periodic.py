"""Periodic tasks: each runs once across all processes, failures are retried early."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from forms_service.background import periodic
from forms_service.background.models import PeriodicTask
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from tests.conftest import MakeApp


class TestTasks:
    def test_each_is_run_once_in_the_fleet_when_it_is_due(self, make_app_on_each_db: MakeApp) -> None:
        ran: list[str] = []
        apps = [make_app_on_each_db() for _ in range(4)]
        for app in apps:
            periodic.register(app, "retention", 3600, lambda: ran.append("retention"))

        def process(app: Flask) -> None:
            with app.app_context():
                periodic.run_due()

        for _ in range(3):
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(process, apps))
        assert ran == ["retention"]
        self.let_pass(apps[0], 3601)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(process, apps))
        assert ran == ["retention"] * 2

    def test_one_that_fails_keeps_no_other_and_is_tried_again_before_its_time(
        self, app_on_each_db: Flask, caplog: pytest.LogCaptureFixture
    ) -> None:
        ran: list[str] = []
        app_on_each_db.extensions["tasks"].clear()
        periodic.register(app_on_each_db, "broken", 86_400, lambda: 1 / 0)
        periodic.register(app_on_each_db, "fine", 86_400, lambda: ran.append("fine"))
        with app_on_each_db.app_context():
            assert periodic.run_due() == ["broken", "fine"]
            assert "A periodic task failed: broken" in caplog.text
            assert periodic.run_due() == []
        self.let_pass(app_on_each_db, periodic.RETRY_DELAY + 1)
        with app_on_each_db.app_context():
            assert periodic.run_due() == ["broken"]

    def test_one_that_was_claimed_while_the_clock_was_ahead_is_run(self, app_on_each_db: Flask) -> None:
        ran: list[str] = []
        app_on_each_db.extensions["tasks"].clear()
        periodic.register(app_on_each_db, "digests", 60, lambda: ran.append("digests"))
        with app_on_each_db.app_context(), write_session():
            db.session.add(PeriodicTask(name="digests", next_run_at=now() + timedelta(days=365)))
            db.session.commit()
        with app_on_each_db.app_context():
            assert [periodic.run_due(), periodic.run_due()] == [["digests"], []]
        assert ran == ["digests"]

    def let_pass(self, app: Flask, seconds: float) -> None:
        with app.app_context(), write_session():
            due = {row.name: row.next_run_at for row in db.session.scalars(select(PeriodicTask))}
            for name, moment in due.items():
                earlier = moment - timedelta(seconds=seconds)
                db.session.execute(update(PeriodicTask).where(PeriodicTask.name == name).values(next_run_at=earlier))
            db.session.commit()
        assert max(due.values()) > now() - timedelta(seconds=1)
