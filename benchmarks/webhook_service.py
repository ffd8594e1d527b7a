"""A service whose only work is to deliver webhooks, with endpoints of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
from sqlalchemy import make_url, select

from benchmarks.endpoints import NEVER_WORKING
from benchmarks.inbox import submission
from benchmarks.servers import ROOT
from forms_service.accounts import service as accounts
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import outbox
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion
from forms_service.submissions.events import CREATED
from forms_service.submissions.models import Submission
from forms_service.webhooks.listeners import CHANNEL, target_of
from forms_service.webhooks.models import Webhook
from forms_service.webhooks.signatures import new_secret
from forms_service.webhooks.transport import message_id

FLASK = Path(sys.executable).with_name("flask")
FORM = "fairness-form-00"


class Arrival(NamedTuple):
    """A request that an endpoint accepted."""

    endpoint: int
    at: float
    webhook_id: str
    submission: str


class WebhookService:
    """Its deliveries are queued when it is entered: `rounds` submissions to each of these endpoints."""

    def __init__(self, name: str, folder: Path, endpoints: Sequence[int], rounds: int, away: float = 0.0) -> None:
        self.name = name
        self.started_at = 0.0
        self.deliverable: set[str] = set()
        self._folder, self._numbers, self._rounds, self._away = folder / name, endpoints, rounds, away
        self._log = folder / f"{name}.arrivals"
        self._database = f"fairness_{name}"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._log.touch()
        command = [sys.executable, "-m", "benchmarks.endpoints", str(self._log), str(self._away)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._endpoints = subprocess.Popen(command, cwd=ROOT, **pipes)
        assert self._endpoints.stdout
        ports = json.loads(self._endpoints.stdout.readline())
        self._environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(self._folder), "LOG_LEVEL": "CRITICAL"}
        self._environment |= {"OUTBOUND_ALLOW": "127.0.0.0/8", "BACKGROUND_WORK": "outside"}
        self._environment |= _make_database(self._database, self._environment)
        before = {name: os.environ.get(name) for name in self._environment}
        os.environ |= self._environment
        self._app = create_app(load_settings(self._folder))
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        with self._app.app_context():
            self._queue(ports)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._endpoints.kill()
        self._endpoints.wait()
        with self._app.app_context():
            db.engine.dispose()
        _drop_database(self._database)

    def start_worker(self, scale: float | None = None) -> None:
        """Start `flask worker`; the endpoint that is away comes back `away` seconds after the first start."""
        command = [sys.executable, "-m", "benchmarks.scaled_worker", str(scale)] if scale else [str(FLASK), "worker"]
        self._worker = subprocess.Popen(command, cwd=ROOT, env=self._environment, start_new_session=True)
        if not self.started_at:
            self.started_at = time.time()
            assert self._endpoints.stdin
            self._endpoints.stdin.write("\n")
            self._endpoints.stdin.flush()

    def kill_worker(self) -> None:
        """End it without warning."""
        os.killpg(self._worker.pid, signal.SIGKILL)
        self._worker.wait()

    def stop_worker(self) -> None:
        """End it like a service manager."""
        self._worker.terminate()
        self._worker.wait()

    def arrivals(self) -> list[Arrival]:
        """Return what was accepted so far."""
        rows = [line.split(" ") for line in self._log.read_text().splitlines()]
        return [Arrival(int(number), float(at), webhook_id, about) for number, at, webhook_id, about in rows]

    def is_done(self) -> bool:
        return {arrival.webhook_id for arrival in self.arrivals()} >= self.deliverable

    def states(self) -> dict[str, int]:
        with self._app.app_context():
            return dict(Counter(db.session.scalars(select(Message.state))))

    def outcomes(self) -> dict[str, int]:
        with self._app.app_context():
            return dict(Counter(db.session.scalars(select(Attempt.outcome))))

    def _queue(self, ports: list[int]) -> None:
        person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
        account = accounts.create(person, role="owner", status="active")
        rows = [submission(FORM, number, self._rounds) for number in range(self._rounds)]
        with write_session():
            db.session.add(Form(id=FORM, owner_id=account.id, name="Contact", settings="{}", version=1))
            db.session.flush()
            db.session.add(FormVersion(form_id=FORM, number=1, fields=[]))
            hooks = {number: _webhook(account.id, ports[number]) for number in self._numbers}
            db.session.add_all(hooks.values())
            db.session.add_all(Submission(**row) for row in rows)
            for row in rows:
                self._queue_one(row["id"], hooks)
            db.session.commit()

    def _queue_one(self, about: Any, hooks: dict[int, Webhook]) -> None:
        rows = {
            number: outbox.message_row(CHANNEL, CREATED, target_of(hook.id, hook.url), about=about)
            for number, hook in hooks.items()
        }
        reachable = [row for number, (_, row) in rows.items() if number not in NEVER_WORKING]
        self.deliverable |= {message_id(row["id"]) for row in reachable}
        outbox.insert_rows(db.session.connection(), list(rows.values()))


def _webhook(account_id: Any, port: int) -> Webhook:
    fixed = {"description": "", "events": CREATED, "format": "standard", "headers": "{}", "enabled": True}
    url = f"http://127.0.0.1:{port}/hook"
    return Webhook(id=new_id(), account_id=account_id, form_id=FORM, url=url, secret=new_secret(), **fixed)


def _make_database(name: str, environment: dict[str, str]) -> dict[str, str]:
    server = os.environ.get("DATABASE_URL")
    if not server:
        return {}
    _drop_database(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    made = {"DATABASE_URL": make_url(server).set(database=name).render_as_string(hide_password=False)}
    subprocess.run([FLASK, "db", "upgrade"], cwd=ROOT, env=environment | made, check=True)
    return made


def _drop_database(name: str) -> None:
    server = os.environ.get("DATABASE_URL")
    if server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
