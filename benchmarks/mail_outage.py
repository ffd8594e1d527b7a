"""`python -m benchmarks.mail_outage [ROUNDS] [SCALE]`: does a mail server that is away delay submissions?

Visitors submit a form with an automatic reply. In each round the mail server answers for a while, then it is away for
an hour (retries and circuits run SCALE times as fast, so the hour is as much shorter): it refuses connections, or in
every second round accepts them and says nothing. The serving process sends the mails itself. Exits with 1 if the p99 of
submissions during either kind of outage is more than 1.2 of the one before, or a mail is lost or arrives twice.
"""

import functools
import itertools
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from benchmarks import load
from benchmarks.servers import Running, running
from benchmarks.submissions import EVERYTHING_ON, FIELDS, MESSAGE
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.delivery import digests
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.support.mail_server import MailServer
from tests.support.visitors import form_for

ROUNDS, SCALE = (int(word) for word in [*sys.argv[1:], *("4", "120")[len(sys.argv) - 1 :]])

MAX_RATIO = 1.2
CLIENTS, PAUSE = 8, 0.1
HOUR = 3600
UP_SECONDS = 20
PATIENCE = 600
KINDS = ("refuses", "silent")
HIGH = "1000000/3600,1000000/86400,1000000/86400"
SETTINGS = {**EVERYTHING_ON, "LOG_LEVEL": "CRITICAL", "REPLY_RATE_LIMITS": HIGH}
REPLY = {"subject": "We got it ({reference})", "text": "Hello,\nwe answer soon. {form}"}


def submission(path: str) -> bytes:
    """Build a request of somebody who has not written before."""
    number = time.time_ns()
    fields = {"name": "Ann Example", "email": f"ann{number}@d{number % 50}.example", "topic": "sales"}
    body = json.dumps({**fields, "message": f"{MESSAGE}{number}"}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Outage:
    """The mail server is away while the block runs."""

    def __init__(self, server: MailServer, *, silent: bool) -> None:
        self._server, self._silent = server, silent

    def __enter__(self) -> None:
        self._server.stop()
        self._socket = socket.socket()
        if self._silent:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("127.0.0.1", self._server.port))
            self._socket.listen(100)

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._server.start()


def wait_for_mails(app: Flask) -> None:
    """Wait until nothing is due, so that the next round begins without a backlog."""
    until = time.monotonic() + PATIENCE
    is_no_digest = (Message.kind != digests.KIND, Message.digest_id.is_(None))
    query = select(func.count()).where(Message.state == "waiting", *is_no_digest)
    while time.monotonic() < until:
        with app.app_context():
            if not db.session.scalar(query):
                return
        time.sleep(0.2)


def measure(pool: ProcessPoolExecutor, server: Running, form: str, seconds: float) -> load.Result:
    request = functools.partial(submission, f"/f/{form}")
    result = load.start(pool, server.port, request, clients=CLIENTS, seconds=seconds, pause=PAUSE).result()
    assert result.count() == len(result.latencies), "a submission was refused"
    return result


def is_once(app: Flask, server: MailServer) -> bool:
    """Print what became of the mails; True if each reply arrived once."""
    with app.app_context():
        replies = db.session.execute(select(Message.id, Message.target).where(Message.kind == "reply")).all()
        states = Counter(db.session.scalars(select(Message.state)))
        outcomes = Counter(db.session.scalars(select(Attempt.outcome)))
    ids, people = Counter(server.ids), Counter(message["To"] for message in server.received)
    lost = [row for row in replies if not people[row.target]]
    doubles = sum(count > 1 for count in ids.values()) + sum(people[row.target] > 1 for row in replies)
    print(f"replies {len(replies)}, lost {len(lost)}, mails that arrived {len(ids)}, more than once {doubles}")
    print(f"states {dict(states)}, attempts {dict(outcomes)}")
    return not lost and not doubles


def run(app: Flask, mails: MailServer, server: Running, form: str) -> float:
    """Return the ratio of the medians of p99, of the worse kind of outage."""
    up, away = defaultdict[str, list[load.Result]](list), defaultdict[str, list[load.Result]](list)
    with load.pool() as pool:
        measure(pool, server, form, 3)
        for kind in itertools.islice(itertools.cycle(KINDS), ROUNDS):
            wait_for_mails(app)
            up[kind].append(measure(pool, server, form, UP_SECONDS))
            wait_for_mails(app)
            with Outage(mails, silent=kind == "silent"):
                away[kind].append(measure(pool, server, form, HOUR / SCALE))
        wait_for_mails(app)
    return max(compare(kind, up[kind], away[kind]) for kind in up)


def compare(kind: str, up: list[load.Result], away: list[load.Result]) -> float:
    """Print the figures of one kind of outage; return the ratio of p99."""
    for name, results in (("there", up), (f"away ({kind})", away)):
        figures = [f"{result.percentile(50):.1f} / {result.percentile(99):.1f}" for result in results]
        print(f"{name}: p50 / p99 ms {', '.join(figures)}; {sum(map(load.Result.count, results))} submissions")
    normal, outage = (statistics.median(result.percentile(99) for result in results) for results in (up, away))
    print(f"p99: {normal:.1f} ms, during the outages {outage:.1f} ms, ratio {outage / normal:.2f}", flush=True)
    return outage / normal


def main() -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        mails = MailServer(ready_timeout=60)  # hundreds of connections wait for it
        stack.callback(mails.stop)
        settings = {"INSTANCE_PATH": folder, **SETTINGS, **mails.settings, "SCALE": str(SCALE)}
        os.environ |= settings
        app = create_app(load_settings(Path(folder)))
        form = form_for(app, FIELDS, reply=REPLY)
        server = stack.enter_context(running("benchmarks.scaled_service:app", "/health/live", **settings))
        ratio = run(app, mails, server, form)
        checks = [ratio <= MAX_RATIO, is_once(app, mails)]
    sys.exit(0 if all(checks) else 1)


if __name__ == "__main__":
    main()
