"""Queues digests that are due: one outbox row, its entries and the next time in one commit.

A killed process repeats nothing and loses nothing.
"""

import logging
import time
import uuid

from flask import Flask
from sqlalchemy import ColumnElement, exists, select, update

from forms_service.background import periodic
from forms_service.database.transactions import on_commit, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox, payloads
from forms_service.extensions import db
from forms_service.notifications.recipients import queries
from forms_service.notifications.recipients.digest_mail import KIND, digest_payload
from forms_service.notifications.recipients.erasure import sweep
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.notifications.recipients.queries import AddressedRecipient
from forms_service.notifications.recipients.schedules import has_waiting_entries, schedule, waiting_entries
from forms_service.submissions.models import Submission

INTERVAL = 60.0
MAX_RUN_SECONDS = 45.0
"""Below INTERVAL; what is left is due in the next run."""

SWEEP_INTERVAL = 3600

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the task, the payload of its mails and the cleanup."""
    payloads.register(app, KIND, digest_payload)
    periodic.register(app, "recipient digests", INTERVAL, queue_due)
    periodic.register(app, "recipients", SWEEP_INTERVAL, sweep)


def queue_due() -> None:
    """Queue the digests that are due, for MAX_RUN_SECONDS."""
    deadline = time.monotonic() + MAX_RUN_SECONDS
    due = select(Recipient.id).where(*_due()).order_by(Recipient.next_digest_at)
    identities = db.session.scalars(due).all()
    db.session.rollback()
    for identity in identities:
        if time.monotonic() > deadline:
            return
        with write_session():
            for row in queries.fetch(Recipient.id == identity, *_due(), lock=True):
                _queue(row)
            db.session.commit()


def _due() -> tuple[ColumnElement[bool], ...]:
    return Recipient.next_digest_at <= now(), Recipient.status == "active", Recipient.removed_at.is_(None)


def _queue(row: AddressedRecipient) -> None:
    recipient = row.recipient
    if not row.address:
        log.error("A digest is not sent: its recipient's address cannot be decrypted.")
    elif has_waiting_entries(recipient) or _has_new_spam(recipient):
        _insert(row)
        recipient.last_digest_at = now()
    schedule(recipient)


def _insert(row: AddressedRecipient) -> None:
    recipient = row.recipient
    target = outbox.mail_target(row.address, recipient.id)
    message = outbox.message_row("mail", KIND, target, about=recipient.id)
    message_id: uuid.UUID = message[1]["id"]  # before the insert, which converts the values
    outbox.insert_rows(db.session.connection(), [message])
    entries = update(DigestEntry).where(*waiting_entries(recipient)).values(message_id=message_id)
    db.session.execute(entries.execution_options(synchronize_session=False))
    on_commit(outbox.wake_worker)


def _has_new_spam(recipient: Recipient) -> bool:
    """Whether spam came since the last digest; whoever gets only some submissions is not told of that alone."""
    if recipient.frequency == "instant" or recipient.conditions:
        return False
    since = recipient.last_digest_at or recipient.confirmed_at or recipient.created_at
    spam = (Submission.form_id == recipient.form_id, Submission.status == "spam", Submission.created_at > since)
    return bool(db.session.scalar(select(exists().where(*spam))))
