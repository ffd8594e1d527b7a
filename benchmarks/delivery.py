"""`python -m benchmarks.delivery [MAILS] [FLOOD]`: how fast is the outbox delivered, and beside a flood?

Mails go to a sink in another process, and are compared with a bare smtplib loop over one connection in the same run.
Then deliveries to 200 endpoints are timed alone, and beside FLOOD messages to one endpoint that is away. Exits with 1
below the floors.
"""

import os
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from benchmarks.servers import free_port
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import outbox, worker
from forms_service.extensions import db
from tests.support.webhook_transport import Endpoints, fail, queue, register

MAILS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
FLOOD = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000

MIN_MAIL_RATIO = 0.05
"""Of the bare loop, which has no database, encryption, rendering, lease or record."""

MIN_FLOOD_RATIO = 0.4
"""Of the rate without a flood."""

DELIVERIES, ENDPOINTS, BATCH = 1000, 200, 5000


@contextmanager
def sink() -> Iterator[int]:
    """An SMTP server that takes everything, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    process = subprocess.Popen(command)
    try:
        while True:
            try:
                smtplib.SMTP("127.0.0.1", port).quit()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def rate(count: int, act: Callable[[], object]) -> float:
    """Return how many of `count` a second `act` does."""
    started = time.perf_counter()
    act()
    return count / (time.perf_counter() - started)


def send_bare(port: int) -> None:
    text = "From: forms@example.com\r\nTo: ann@example.com\r\nSubject: Hello\r\n\r\n" + "Hello\r\n" * 40
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for _ in range(MAILS):
            smtp.sendmail("forms@example.com", ["ann@example.com"], text)


def queue_mails() -> None:
    values = {"link": "https://forms.example.com/reset", "name": "Ann"}
    with write_session():
        for number in range(MAILS):
            outbox.enqueue_mail("reset", f"p{number}@d{number % 50}.example", values, about=new_id())
        db.session.commit()


def mail_ratio(port: int) -> float:
    bare = rate(MAILS, lambda: send_bare(port))
    queue_mails()
    sent = rate(MAILS, worker.deliver_due)
    print(f"mails per second: {sent:.0f}, a bare loop {bare:.0f}, ratio {sent / bare:.2f}")
    return sent / bare


def deliver(endpoints: Endpoints) -> float:
    queue(*[f"https://hooks.example/{number % ENDPOINTS}" for number in range(DELIVERIES)])
    before = len(endpoints.messages)
    result = rate(DELIVERIES, worker.deliver_due)
    assert len(endpoints.messages) == before + DELIVERIES
    return result


def flood_ratio(app: Flask) -> float:
    endpoints, away = register(app), "https://hooks.example/away"
    endpoints.faults[away] = fail("503", status=503, slow_down=True, retry_after=3600)
    deliver(endpoints)  # so that every endpoint has earned its concurrency
    alone = deliver(endpoints)
    for start in range(0, FLOOD, BATCH):
        queue(*[away] * min(BATCH, FLOOD - start))
    beside = deliver(endpoints)
    print(f"deliveries per second: {alone:.0f}, beside {FLOOD:,} that wait {beside:.0f}, ratio {beside / alone:.2f}")
    return beside / alone


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        os.environ |= {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
        os.environ |= {"BACKGROUND_WORK": "outside", "LOG_LEVEL": "CRITICAL"}
        app = create_app(load_settings(Path(folder)))
        with app.app_context():
            mail, flood = mail_ratio(port), flood_ratio(app)
            db.engine.dispose()
    if mail < MIN_MAIL_RATIO or flood < MIN_FLOOD_RATIO:
        sys.exit(f"below the floors of {MIN_MAIL_RATIO} and {MIN_FLOOD_RATIO}")


if __name__ == "__main__":
    main()
