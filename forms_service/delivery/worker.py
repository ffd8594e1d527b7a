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
from forms_service.delivery.leases import Claim
from forms_service.delivery.mail_transport import Mailer
from forms_service.delivery.message import DeliveryError, Sender
from forms_service.errors import ServiceUnavailableError
from forms_service.logs import event
from forms_service.web.request_context import requests_in_hand

SENDERS: dict[str, Callable[[], Sender]] = {"mail": Mailer}
"""Who sends what goes by a channel."""

IDLE_FACTOR = 39
"""How many times as long the next message waits in a process that is answering requests: a fortieth is for mails."""

MAX_IDLE = 1.0

REPLY_CODE = re.compile(r"\d{3}\b")

RECORD_AGAIN_SECONDS = 1

POLL_SECONDS = 1.0
"""Interval at which messages are noticed that another process queued, or that are due again."""

SWEEP_SECONDS = 3600

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Have the outbox worked and swept in the background."""
    mail_rendering.init_app(app)
    payloads.init_app(app)
    runner.add_loop(app, "outbox", deliver_due, POLL_SECONDS)
    periodic.register(app, "outbox", SWEEP_SECONDS, outbox.sweep)


def deliver_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """One pass: send all that is due, until `stopping`; how many messages were tried."""
    tried = 0
    with _senders() as senders:
        while not stopping():
            worked = time.thread_time()
            claimed = leases.claim(*senders)
            if claimed is None:
                break
            if not claimed.held:
                _deliver(claimed, senders[claimed.channel])
                tried += 1
            _give_way(time.thread_time() - worked)
    return tried


def deliver_one(identity: uuid.UUID) -> bool:
    """Send this message now, like any other; False if another worker has it in hand."""
    with _senders() as senders:
        claimed = leases.claim(*senders, only=identity)
        if claimed and not claimed.held:
            _deliver(claimed, senders[claimed.channel])
    return claimed is not None


@contextmanager
def _senders() -> Iterator[dict[str, Sender]]:
    """A sender for each channel, which may keep a connection for the whole of a pass."""
    senders = {channel: make() for channel, make in SENDERS.items()}
    try:
        yield senders
    finally:
        for sender in senders.values():
            sender.close()


def _give_way(seconds: float) -> None:
    """Rest after a message that took the processor for so long, if people wait: a busy process is mostly theirs."""
    if requests_in_hand():
        time.sleep(min(seconds * IDLE_FACTOR, MAX_IDLE))


def _deliver(claimed: Claim, sender: Sender) -> None:
    """Send what was claimed; no transaction is open meanwhile."""
    try:
        parcel = leases.parcel(claimed)
        if parcel is None:
            return
        answer, outcome = sender.send(parcel), "sent"
    except DeliveryError as error:
        answer, outcome = str(error), "failed" if error.permanent or leases.expires(claimed) else "again"
    except DBAPIError:
        raise  # nothing was tried: the lease ends, and it goes again
    except Exception as error:  # one message that cannot be made must not keep the others
        log.exception("Could not build a message.", extra={"fields": {"kind": claimed.kind, "id": claimed.id}})
        answer, outcome = type(error).__name__, "failed" if leases.expires(claimed) else "again"
    _record(claimed, answer, outcome)
    _tell(claimed, answer, outcome)


def _record(claimed: Claim, answer: str, outcome: str) -> None:
    """Write it down while the lease lasts: what was sent shall not go again only because the database was busy."""
    while True:
        try:
            leases.record(claimed, answer, outcome=outcome)
        except (DBAPIError, ServiceUnavailableError):
            if now() + timedelta(seconds=RECORD_AGAIN_SECONDS) > claimed.until:
                raise
            time.sleep(RECORD_AGAIN_SECONDS)
        else:
            return


def _tell(claimed: Claim, answer: str, outcome: str) -> None:
    """Log what became of it; of what a server said only the code, since the rest may hold an address."""
    code = REPLY_CODE.match(answer)
    level = {"sent": logging.DEBUG, "again": logging.WARNING}.get(outcome, logging.ERROR)
    fields = {"kind": claimed.kind, "id": claimed.id, "attempt": claimed.attempts}
    event(f"{claimed.channel}_{outcome}", level=level, **fields, reason=code[0] if code else answer)
