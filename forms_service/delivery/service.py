"""The use case of an operator: trying out whether mails leave."""

import time
import uuid
from typing import NamedTuple, cast

from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import leases, outbox, worker
from forms_service.delivery.models import Attempt
from forms_service.extensions import db

POLL_SECONDS = 0.2


class Tried(NamedTuple):
    """What became of a first attempt, and what the other side said."""

    sent: bool
    answer: str


def send_test(address: str) -> Tried:
    """Put a mail into the outbox like any other, and see it off; a worker that is faster is waited for.

    :raises ValueError: when it is no address
    """
    with write_session():
        identity = cast("uuid.UUID", outbox.put_mail("test", address, {}, about=new_id()))  # where there is no limit
        db.session.commit()
    worker.deliver_one(identity)
    first = select(Attempt.outcome, Attempt.answer).where(Attempt.message_id == identity).order_by(Attempt.at)
    until = time.monotonic() + leases.LEASE
    while time.monotonic() < until:
        found = db.session.execute(first).first()
        db.session.rollback()
        if found:
            return Tried(found.outcome == "sent", found.answer)
        time.sleep(POLL_SECONDS)
    return Tried(False, "Another worker holds the lease on this message.")
