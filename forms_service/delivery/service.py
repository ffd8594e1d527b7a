"""The operator's test mail."""

import time
import uuid
from typing import NamedTuple, cast

from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import leases, outbox, worker
from forms_service.delivery.models import Attempt
from forms_service.extensions import db

POLL_INTERVAL = 0.2


class FirstAttempt(NamedTuple):
    """The first attempt, with the server's reply."""

    sent: bool
    answer: str
    retried: bool = True
    """Unless sent or given up."""


def send_test(address: str) -> FirstAttempt:
    """Send a test mail, waiting if another worker takes it.

    :raises ValueError: for an invalid address
    """
    with write_session():
        message_id = cast("uuid.UUID", outbox.enqueue_mail("test", address, {}, about=new_id()))  # no limit, never None
        db.session.commit()
    worker.deliver_one(message_id)
    first = select(Attempt.outcome, Attempt.answer).where(Attempt.message_id == message_id).order_by(Attempt.at)
    deadline = time.monotonic() + leases.LEASE_SECONDS
    while time.monotonic() < deadline:
        attempt = db.session.execute(first).first()
        db.session.rollback()
        if attempt:
            outcome, answer = attempt
            return FirstAttempt(outcome == "sent", answer, outcome in ("again", "lost"))
        time.sleep(POLL_INTERVAL)
    return FirstAttempt(False, "Another worker holds the lease on this message.")
