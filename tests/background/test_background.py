"""Background work in serving processes and `flask worker`, and recovery after kills."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from forms_service.background import runner
from forms_service.background.runner import Background, Loop
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import outbox, worker
from forms_service.delivery.models import Message
from forms_service.delivery.service import send_test
from forms_service.delivery.worker import MAIL_CONNECTIONS
from forms_service.extensions import db
from tests.conftest import QUICK, MakeApp
from tests.support import processes, servers
from tests.support.mail_server import DROP, TAKE_AND_DROP, TAKE_AND_LEAVE, MailServer

Start = Callable[..., processes.Process]


BEGINS = "Background work started."


PATIENCE = 40
"""Seconds: generous, since a process starts slowly on a busy machine."""


def until(true: Callable[[], object]) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def put(app: Flask, to: str = "ann@example.com") -> str:
    """Queue a mail; the Message-ID that it will have."""
    with app.app_context(), write_session():
        identity = outbox.enqueue_mail("test", to, {}, about=new_id())
        db.session.commit()
    return f"<{identity}@localhost>"


def states(app: Flask) -> Counter[str]:
    with app.app_context():
        return Counter(db.session.scalars(select(Message.state)))


@pytest.fixture
def running(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Iterator[Flask]:
    """An app whose threads run."""
    app = make_app_on_each_db(**mail_server.settings)
    runner.start(app)
    yield app
    work: Background = app.extensions["background"]
    work.stop()


class TestThreads:
    """In a serving process."""

    @pytest.fixture
    def seldom(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They look by themselves once an hour."""
        monkeypatch.setattr(worker, "POLL_INTERVAL", 3600.0)

    def test_a_commit_wakes_them_at_once(self, seldom: None, running: Flask, mail_server: MailServer) -> None:
        for number in range(1, 6):
            put(running)
            until(lambda number=number: len(mail_server.received) == number)  # type: ignore[misc]

    def test_what_another_process_has_queued_is_seen_too(self, running: Flask, mail_server: MailServer) -> None:
        with running.app_context(), write_session():
            outbox.enqueue_mail("test", "ann@example.com", {}, about=new_id())
            db.session.info.clear()
            db.session.commit()
        until(lambda: mail_server.received)

    def test_they_are_started_once_however_often_and_not_where_others_do_the_work(
        self, make_app: MakeApp, caplog: pytest.LogCaptureFixture
    ) -> None:
        app = make_app()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: runner.start(app), range(8)))
        app.extensions["background"].stop()
        assert caplog.text.count(BEGINS) == 1
        runner.start(make_app(BACKGROUND_WORK="outside"))
        assert caplog.text.count(BEGINS) == 1

    def test_a_database_that_is_away_is_said_once_and_waited_for(
        self, make_app: MakeApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner, "MAX_RETRY_DELAY", 0.01)
        away, calls = True, 0

        def work(_: Callable[[], bool]) -> None:
            nonlocal calls
            calls += 1
            if away:
                raise OperationalError("SELECT", {}, Exception("connection refused"))

        loop = Loop(make_app(), "test", work, 0.01)
        loop.start()
        until(lambda: calls > 3)
        away = False
        until(lambda: "Background work resumed" in caplog.text)
        loop.stop()
        loop.join(5)
        assert caplog.text.count("is waiting for the database") == 1
        assert "Traceback" not in caplog.text


@pytest.fixture
def start(tmp_path: Path, mail_server: MailServer) -> Iterator[Start]:
    """Starts gunicorn, `flask run` or `flask worker` on the instance of `make_app`, with its log in `log`."""
    folder, settings = tmp_path / "instance", {**QUICK, **mail_server.settings}
    with ExitStack() as stack:

        def begin(kind: str, *words: str) -> processes.Process:
            if kind == "gunicorn":
                server = servers.Server(folder, settings, *words)
                stack.callback(server.stop)
                return server.process
            process = servers.start_flask(folder, *words, **settings)
            stack.callback(end, process)
            return process

        yield begin


def end(process: processes.Process) -> None:
    """End it, and what it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
class TestProcesses:
    """Servers and workers, as an operator starts and ends them."""

    def test_gunicorn_that_loads_before_it_forks_sends_what_waited_without_being_visited(
        self, start: Start, mail_server: MailServer, make_app: MakeApp
    ) -> None:
        message_id = put(make_app())
        process = start("gunicorn", "--preload")
        until(lambda: mail_server.ids == [message_id])
        process.terminate()
        assert process.wait(PATIENCE) == 0

    def test_flask_run_that_reloads_does_so_once(
        self, tmp_path: Path, start: Start, mail_server: MailServer, make_app: MakeApp
    ) -> None:
        message_id = put(make_app())
        process = start("flask", "--debug", "run", "--port", str(servers.free_port()))
        until(lambda: mail_server.ids == [message_id])
        process.terminate()
        process.wait(PATIENCE)
        assert (tmp_path / "instance" / "log").read_text().count(BEGINS) == 1

    @pytest.mark.parametrize(
        "words", [("gunicorn",), ("flask", "worker"), ("flask", "run", "--port", "0")], ids=" ".join
    )
    def test_each_sends_what_waited_and_sigterm_finishes_what_is_in_flight(
        self, start: Start, mail_server: MailServer, make_app: MakeApp, words: list[str]
    ) -> None:
        app = make_app()
        for _ in range(8):
            put(app)
        in_hand: list[EmailMessage] = []

        def take_time(message: EmailMessage) -> None:
            in_hand.append(message)
            time.sleep(0.5)

        mail_server.at_data = take_time
        process = start(*words)
        until(lambda: len(in_hand) == 2)
        process.terminate()
        assert process.wait(PATIENCE) == 0
        sent = len(mail_server.received)
        assert 2 <= sent <= 2 + MAIL_CONNECTIONS
        assert states(app) == {"sent": sent, "waiting": 8 - sent}

    def test_the_test_mail_goes_down_the_same_road_and_shows_the_answer(
        self, tmp_path: Path, mail_server: MailServer
    ) -> None:
        settings = {**QUICK, **mail_server.settings}
        done = servers.flask(tmp_path, "mail", "test", "ann@example.com", **settings)
        assert (done.returncode, done.stdout) == (0, "250 Taken as number 7\n")
        mail_server.at_rcpt = lambda _: "550 5.7.1 Relaying denied"
        done = servers.flask(tmp_path, "mail", "test", "ann@example.com", **settings)
        assert (done.returncode, done.stdout) == (1, "550 5.7.1 Relaying denied\n")
        assert BEGINS not in done.stderr, "a command does no other work"

    def test_the_test_mail_needs_an_address(self, app: Flask) -> None:
        with app.app_context(), pytest.raises(ValueError, match="Enter an e-mail address"):
            send_test("ann")


IMPATIENT = """
from pathlib import Path
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.background import runner
from forms_service.delivery import leases, schedules, worker
leases.LEASE_SECONDS, worker.POLL_INTERVAL, schedules.DELAYS["mail"] = 1, 0.05, (0.1,) * 9
runner.run_worker(create_app(load_settings(Path("."))))
"""
"""`flask worker` with leases and delays of a test."""


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_workers_that_are_killed_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, mail_server: MailServer, make_app: MakeApp, database: str
) -> None:
    url = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if database == "postgresql" else {}
    app = make_app(**url)
    queued = [put(app, f"p{number}@example.com") for number in range(60)]
    days = iter([DROP, TAKE_AND_DROP, "451 Not now", TAKE_AND_LEAVE] * 3)
    mail_server.at_data = lambda _: next(days, None) if len(mail_server.received) % 5 == 2 else None

    settings = {"INSTANCE_PATH": str(tmp_path / "instance"), **QUICK, **url, **mail_server.settings}
    environment = servers.environment(tmp_path, settings)
    started: list[processes.Process] = []

    def start() -> None:
        command = [sys.executable, "-c", IMPATIENT]
        started.append(processes.start(command, servers.HOME, environment, tmp_path / "log", new_session=True))

    try:
        start()
        start()
        for number in range(3):
            until(lambda number=number: len(mail_server.received) >= 10 * (number + 1))  # type: ignore[misc]
            end(started[number])
            start()
        until(lambda: states(app) == {"sent": 60})
    finally:
        for process in started:
            end(process)
    assert set(mail_server.ids) == set(queued), "each arrived, and under no other Message-ID"
    in_flight = 3 * MAIL_CONNECTIONS
    assert len(mail_server.ids) <= 60 + 3 + in_flight, "twice is what was dropped after it was taken, or in flight"
