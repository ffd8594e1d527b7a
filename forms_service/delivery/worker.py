"""Delivery worker: leases, sends and records due messages one by one."""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import Flask
from sqlalchemy.exc import DBAPIError

from forms_service.background import periodic, runner
from forms_service.database.types import now
from forms_service.delivery import leases, mail_rendering, outbox, payloads
from forms_service.delivery.leases import Lease
from forms_service.delivery.mail_transport import MailTransport
from forms_service.delivery.message import DeliveryError, SuppressedError, Transport
from forms_service.errors import ServiceUnavailableError
from forms_service.logs import event
from forms_service.web.active_requests import active

TRANSPORTS: dict[str, Callable[[], Transport]] = {"mail": MailTransport}

IDLE_FACTOR = 39
"""Sleep per CPU time while requests are in flight: mail gets 1/40 of the process."""

MAX_IDLE = 1.0

REPLY_CODE = re.compile(r"\d{3}\b")

RECORD_RETRY_DELAY = 1

POLL_INTERVAL = 1.0
"""Seconds until retries and other processes' messages are noticed."""

SWEEP_INTERVAL = 3600

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the worker and the outbox's cleanup."""
    mail_rendering.init_app(app)
    payloads.init_app(app)
    app.extensions["outbox_wakeup"] = runner.add_loop(app, "outbox", deliver_due, POLL_INTERVAL)
    periodic.register(app, "outbox", SWEEP_INTERVAL, outbox.sweep)


def deliver_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """Send everything due; return the number of attempts."""
    tried = 0
    with _open_transports() as transports:
        while not stopping():
            worked = time.thread_time()
            lease = leases.acquire(*transports)
            if lease is None:
                break
            if not lease.held:
                _deliver(lease, transports[lease.channel])
                tried += 1
            _throttle(time.thread_time() - worked)
    return tried


def deliver_one(message_id: uuid.UUID) -> bool:
    """Send this message now; False if another worker holds its lease."""
    with _open_transports() as transports:
        lease = leases.acquire(*transports, only=message_id)
        if lease and not lease.held:
            _deliver(lease, transports[lease.channel])
    return lease is not None


@contextmanager
def _open_transports() -> Iterator[dict[str, Transport]]:
    transports = {channel: make() for channel, make in TRANSPORTS.items()}
    try:
        yield transports
    finally:
        for transport in transports.values():
            transport.close()


def _throttle(seconds: float) -> None:
    if active:  # keep the latency of requests in flight low
        time.sleep(min(seconds * IDLE_FACTOR, MAX_IDLE))


def _deliver(lease: Lease, transport: Transport) -> None:
    message, bad_address = None, None
    try:
        message = leases.load_message(lease)
        if message is None:
            return
        answer, outcome = transport.send(message), "sent"
    except SuppressedError as error:
        answer, outcome = str(error), "suppressed"
    except DeliveryError as error:
        answer, outcome = str(error), "failed" if error.permanent or leases.is_last_attempt(lease) else "again"
        bad_address = message.target if message and error.bad_address else None
    except DBAPIError:
        raise  # nothing was sent: the lease expires and it is due again
    except Exception as error:  # one broken message must not block the others
        log.exception("Could not build a message.", extra={"fields": {"kind": lease.kind, "id": lease.id}})
        answer, outcome = type(error).__name__, "failed" if leases.is_last_attempt(lease) else "again"
    _record(lease, answer, outcome, bad_address)
    _log_outcome(lease, answer, outcome)


def _record(lease: Lease, answer: str, outcome: str, bad_address: str | None) -> None:
    # retry while the lease lasts: a busy database must not cause a second delivery
    while True:
        try:
            leases.record_attempt(lease, answer, outcome=outcome, bad_address=bad_address)
        except (DBAPIError, ServiceUnavailableError):
            if now() + timedelta(seconds=RECORD_RETRY_DELAY) > lease.until:
                raise
            time.sleep(RECORD_RETRY_DELAY)
        else:
            return


def _log_outcome(lease: Lease, answer: str, outcome: str) -> None:
    # only the reply's code: its text may hold an address
    code = REPLY_CODE.match(answer)
    level = {"sent": logging.DEBUG, "suppressed": logging.INFO, "again": logging.WARNING}.get(outcome, logging.ERROR)
    fields = {"kind": lease.kind, "id": lease.id, "attempt": lease.attempts}
    event(f"{lease.channel}_{outcome}", level=level, **fields, reason=code[0] if code else answer)
