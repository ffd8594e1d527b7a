"""One pass over the outbox: what is due is claimed, sent and written down, one message after the other."""

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
from forms_service.delivery.message import DeliveryError, Transport
from forms_service.errors import ServiceUnavailableError
from forms_service.logs import event
from forms_service.web.active_requests import active

TRANSPORTS: dict[str, Callable[[], Transport]] = {"mail": MailTransport}
"""Who sends what goes by a channel."""

IDLE_FACTOR = 39
"""How many times as long the next message waits in a process that is answering requests: a fortieth is for mails."""

MAX_IDLE = 1.0

REPLY_CODE = re.compile(r"\d{3}\b")

RECORD_RETRY_DELAY = 1

POLL_INTERVAL = 1.0
"""Interval at which messages are noticed that another process queued, or that are due again."""

SWEEP_INTERVAL = 3600

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Have the outbox worked and swept in the background."""
    mail_rendering.init_app(app)
    payloads.init_app(app)
    runner.add_loop(app, "outbox", deliver_due, POLL_INTERVAL)
    periodic.register(app, "outbox", SWEEP_INTERVAL, outbox.sweep)


def deliver_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """One pass: send all that is due, until `stopping`; how many messages were tried."""
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
    """Send this message now, like any other; False if another worker has it in hand."""
    with _open_transports() as transports:
        lease = leases.acquire(*transports, only=message_id)
        if lease and not lease.held:
            _deliver(lease, transports[lease.channel])
    return lease is not None


@contextmanager
def _open_transports() -> Iterator[dict[str, Transport]]:
    """A sender for each channel, which may keep a connection for the whole of a pass."""
    transports = {channel: make() for channel, make in TRANSPORTS.items()}
    try:
        yield transports
    finally:
        for transport in transports.values():
            transport.close()


def _throttle(seconds: float) -> None:
    """Rest after a message that took the processor for so long, if people wait: a busy process is mostly theirs."""
    if active:
        time.sleep(min(seconds * IDLE_FACTOR, MAX_IDLE))


def _deliver(lease: Lease, transport: Transport) -> None:
    """Send what was claimed; no transaction is open meanwhile."""
    try:
        message = leases.load_message(lease)
        if message is None:
            return
        answer, outcome = transport.send(message), "sent"
    except DeliveryError as error:
        answer, outcome = str(error), "failed" if error.permanent or leases.is_last_attempt(lease) else "again"
    except DBAPIError:
        raise  # nothing was tried: the lease ends, and it goes again
    except Exception as error:  # one message that cannot be made must not keep the others
        log.exception("Could not build a message.", extra={"fields": {"kind": lease.kind, "id": lease.id}})
        answer, outcome = type(error).__name__, "failed" if leases.is_last_attempt(lease) else "again"
    _record(lease, answer, outcome)
    _log_outcome(lease, answer, outcome)


def _record(lease: Lease, answer: str, outcome: str) -> None:
    """Write it down while the lease lasts: what was sent shall not go again only because the database was busy."""
    while True:
        try:
            leases.record_attempt(lease, answer, outcome=outcome)
        except (DBAPIError, ServiceUnavailableError):
            if now() + timedelta(seconds=RECORD_RETRY_DELAY) > lease.until:
                raise
            time.sleep(RECORD_RETRY_DELAY)
        else:
            return


def _log_outcome(lease: Lease, answer: str, outcome: str) -> None:
    """Log what became of it; of what a server said only the code, since the rest may hold an address."""
    code = REPLY_CODE.match(answer)
    level = {"sent": logging.DEBUG, "again": logging.WARNING}.get(outcome, logging.ERROR)
    fields = {"kind": lease.kind, "id": lease.id, "attempt": lease.attempts}
    event(f"{lease.channel}_{outcome}", level=level, **fields, reason=code[0] if code else answer)
