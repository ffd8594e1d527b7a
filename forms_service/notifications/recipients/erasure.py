"""Export and erasure of recipients, with their form, account or person, and of what nobody needs any more."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, or_, select

from forms_service import signals
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import on_commit, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.notifications.recipients import queries, schemas, service
from forms_service.notifications.recipients.digest_mail import KIND
from forms_service.notifications.recipients.models import DigestEntry, Recipient

PENDING_LIFETIME = timedelta(days=30)
"""Of an address that does not confirm."""


def forget_address(caller: Caller, email: str) -> None:
    """Remove a person's address from the forms of the caller, in the caller's transaction.

    Where it unsubscribed, the blind index stays.
    """
    conditions: list[Any] = [Recipient.email_index == outbox.address_index(email), Recipient.removed_at.is_(None)]
    if caller.role != "operator":
        conditions.append(Form.owner_id == caller.account_id)
    for row in queries.fetch(*conditions, lock=True):
        service.forget(row)
        on_commit(partial(signals.form_saved.send, form_id=row.form.id))


def sweep() -> None:
    """Remove addresses that never confirmed, and the entries of digests that are gone."""
    digests = select(Message.id).where(Message.kind == KIND)
    recipients = select(Recipient.id)
    is_settled = DigestEntry.message_id.is_not(None) & DigestEntry.message_id.not_in(digests)
    with write_session():
        old = (Recipient.status == "pending", Recipient.created_at < now() - PENDING_LIFETIME)
        db.session.execute(delete(Recipient).where(*old))
        db.session.execute(delete(DigestEntry).where(or_(is_settled, DigestEntry.recipient_id.not_in(recipients))))
        db.session.commit()


@signals.account_exporting.connect
def _export(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    rows = queries.fetch(Form.owner_id == account_id, Recipient.removed_at.is_(None))
    document["recipients"] = schemas.Recipient(many=True).dump(service.as_dicts(rows))


@signals.form_erasing.connect
def _erase_with_form(_: object, form_id: str) -> None:
    outbox.delete_to(select(Recipient.id).where(Recipient.form_id == form_id))


@signals.account_erasing.connect
def _erase_with_account(_: object, account_id: uuid.UUID) -> None:
    forms = select(Form.id).where(Form.owner_id == account_id)
    outbox.delete_to(select(Recipient.id).where(Recipient.form_id.in_(forms)))
