"""`python -m benchmarks.kills [KILLS] [MESSAGES]`: is every mail delivered while the service is killed repeatedly?

gunicorn is started, killed (-9, with its workers) and restarted, while mails are queued and a mail server on loopback
refuses, greylists, hangs and disconnects. Uses DATABASE_URL, or SQLite. Leases and delays are the real ones, so it
takes some minutes. Exits with 1 if a mail is lost, or arrived under a second Message-ID.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from benchmarks.servers import GUNICORN, ROOT, free_port
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import outbox
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.support.mail_server import DROP, HANG, TAKE_AND_DROP, TAKE_AND_LEAVE, MailServer

KILLS, MESSAGES = (int(word) for word in [*sys.argv[1:], "50", "1000"][:2])
PATIENCE = 600

LUCK = ((0.02, DROP), (0.04, TAKE_AND_DROP), (0.10, TAKE_AND_LEAVE))
"""Share of connections that break, before and after a message was accepted."""

chance = random.Random(1)  # the same bad days in every run


class BadDays:
    """Most messages are accepted; the rest fails as on real servers."""

    def __init__(self) -> None:
        self.greylisted: set[str] = set()
        self.happened: Counter[str] = Counter()
        self.hangs = 2

    def at_rcpt(self, address: str) -> str | None:
        """Greylist one in ten."""
        if address in self.greylisted or chance.random() > 0.1:
            return None
        self.greylisted.add(address)
        self.happened["greylisted"] += 1
        return "451 4.7.1 Greylisted, come again"

    def at_data(self, _: EmailMessage) -> str | None:
        """Sometimes disconnect, before or after accepting the message."""
        time.sleep(0.005)
        luck = chance.random()
        act = next((act for limit, act in LUCK if luck < limit), None)
        if luck > 0.99 and self.hangs:
            self.hangs, act = self.hangs - 1, HANG
        if act:
            self.happened[act] += 1
        return act


class Service:
    """gunicorn, killed with all its processes."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = {"PATH": os.environ["PATH"], "LOG_LEVEL": "CRITICAL", **settings}
        self._start()

    def _start(self) -> None:
        command = [str(GUNICORN), "--bind", f"127.0.0.1:{free_port()}", "--log-level", "critical", "wsgi:app"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._settings, start_new_session=True)

    def kill(self) -> None:
        """Kill and restart it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._start()

    def stop(self) -> None:
        """Stop it like a service manager."""
        self._process.terminate()
        self._process.wait()


def queue(app: Flask, server: MailServer, queued: list[str]) -> None:
    """Queue mails, a little ahead of their arrival."""
    for number in range(MESSAGES):
        while len(queued) - len(set(server.ids)) > 100:
            time.sleep(0.02)
        with app.app_context(), write_session():
            identity = outbox.enqueue_mail("test", f"p{number}@example.com", {}, about=new_id())
            db.session.commit()
        queued.append(f"<{identity}@localhost>")


def kill_all_the_time(service: Service, server: MailServer) -> None:
    """Kill the service after each share of mails, or when it is stuck; stop the mail server once."""
    for number in range(KILLS):
        goal, until = len(server.received) + MESSAGES // KILLS * 0.8, time.monotonic() + 15
        while len(server.received) < goal and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))
        service.kill()
        if number == KILLS // 2:
            server.stop()
            time.sleep(5)
            server.start()
        print(f"\r{number + 1} kills, {len(set(server.ids))} of {MESSAGES} there", end="", flush=True)


def wait_for_the_rest(app: Flask) -> float:
    """Return the seconds until the outbox is empty."""
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        with app.app_context():
            if outbox.backlog().waiting == 0:
                break
        time.sleep(0.2)
    return time.monotonic() - started


def main() -> None:
    server, days, queued = MailServer(), BadDays(), list[str]()
    server.at_rcpt, server.at_data = days.at_rcpt, days.at_data
    with tempfile.TemporaryDirectory() as folder:
        settings = {"INSTANCE_PATH": folder, "RATE_LIMIT_ENABLED": "false", **server.settings}
        settings |= {name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ}
        os.environ |= settings | {"LOG_LEVEL": "WARNING"}
        app = create_app(load_settings(Path(folder)))
        service, started = Service(settings), time.monotonic()
        feeder = threading.Thread(target=queue, args=(app, server, queued))
        feeder.start()
        kill_all_the_time(service, server)
        feeder.join()
        rest = wait_for_the_rest(app)
        service.stop()
        with app.app_context():
            states = Counter(db.session.scalars(select(Message.state)))
            outcomes = Counter(db.session.scalars(select(Attempt.outcome)))
    server.stop()
    times = Counter(server.ids)
    lost, strange = set(queued) - set(times), set(times) - set(queued)
    print(f"\n{KILLS} kills, {len(queued)} messages, {time.monotonic() - started:.0f} s, {rest:.0f} of them afterwards")
    print(f"the mail server: {dict(days.happened)}, and away for 5 s")
    print(f"arrived {len(set(times))}, lost {len(lost)}, under another Message-ID {len(strange)}")
    print(f"more than once {sum(count > 1 for count in times.values())}, at most {max(times.values())} times")
    print(f"states {dict(states)}, attempts {dict(outcomes)}")
    sys.exit(1 if lost or strange or len(queued) != MESSAGES else 0)


if __name__ == "__main__":
    main()
