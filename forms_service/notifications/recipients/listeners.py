"""Adds the mails and digest entries of recipients to a submission's own commit."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import bindparam, select

from forms_service.database.transactions import read_all
from forms_service.database.types import new_id
from forms_service.delivery import outbox
from forms_service.delivery.outbox import Target
from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.compiled_sql import EncryptedInsert, Row
from forms_service.form_schema.conditions import matches
from forms_service.forms import cache
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.submissions.events import CREATED, SubmissionEvent

KIND = "submission"
"""Kind of a notification."""

ENTRIES = EncryptedInsert(DigestEntry.__table__)

Conditions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class RecipientListener:
    """A mail to one recipient for each new submission that meets the conditions."""

    target: Target
    conditions: Conditions = ()

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        if event.type != CREATED or not matches(self.conditions, event.data):
            return ()
        return [outbox.message_row("mail", KIND, self.target, about=event.submission_id)]


@dataclass(frozen=True)
class DigestListener:
    """An entry in one recipient's next digest for each new submission that meets the conditions."""

    recipient_id: uuid.UUID
    conditions: Conditions = ()

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        if event.type != CREATED or not matches(self.conditions, event.data):
            return ()
        values = {"id": new_id(), "recipient_id": self.recipient_id, "submission_id": event.submission_id}
        return [(ENTRIES, {**values, "message_id": None})]


RECIPIENTS = (
    select(Recipient.id, Recipient.email, Recipient.is_owner, Recipient.frequency, Recipient.conditions)
    .where(Recipient.form_id == bindparam("form_id"), Recipient.status == "active", Recipient.removed_at.is_(None))
    .order_by(Recipient.is_owner.desc(), Recipient.id)
)


def init_app(app: Flask) -> None:
    """Register the recipients of every form."""
    cache.register_listeners(app, load_listeners)


def load_listeners(form_id: str, owner_id: uuid.UUID, owner_email: str) -> Sequence[RecipientListener | DigestListener]:
    """Return a form's active recipients, without those whose address or conditions cannot be decrypted."""
    targets: dict[bytes, RecipientListener | DigestListener] = {}
    for row in read_all(RECIPIENTS, form_id=form_id):
        address = owner_email if row.is_owner else row.email
        if isinstance(row.conditions, Unreadable) and not row.is_owner:
            continue  # without their conditions they might get what they must not
        # somebody may have become the owner, or the owner taken that address: one mail each
        target = outbox.mail_target(address, row.id) if address else None
        if target and target.blind_index not in targets:
            targets[target.blind_index] = _listener(target, row.frequency, json.loads(row.conditions or "[]"))
    return list(targets.values())


def _listener(target: Target, frequency: str, conditions: Conditions) -> RecipientListener | DigestListener:
    if frequency == "instant":
        return RecipientListener(target, conditions)
    return DigestListener(target.id or new_id(), conditions)
