"""Queries for recipients with their form and address."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from forms_service.accounts.models import Account
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.outbox import address_index
from forms_service.extensions import db
from forms_service.forms.members.queries import is_member
from forms_service.forms.models import Form
from forms_service.notifications.recipients.models import Recipient

GONE = "Not sent: the recipient was removed or has unsubscribed."


class AddressedRecipient(NamedTuple):
    """A recipient with form and owner."""

    recipient: Recipient
    form: Form
    owner: Account

    @property
    def address(self) -> str:
        """Empty if it cannot be decrypted."""
        return (self.owner.email if self.recipient.is_owner else self.recipient.email) or ""

    @property
    def blind_index(self) -> bytes:
        """Blind index of the address; empty if the owner's cannot be decrypted."""
        if self.recipient.is_owner:
            return address_index(self.owner.email) if self.owner.email else b""
        return self.recipient.email_index or b""


def fetch(*conditions: Any, lock: bool = False) -> list[AddressedRecipient]:
    """Return the recipients of existing forms, the owner first."""
    query = _select().where(*conditions).order_by(Recipient.is_owner.desc(), Recipient.id)
    rows = db.session.execute(query.with_for_update(of=Recipient) if lock else query)
    return [AddressedRecipient(*row) for row in rows]


def may_open(row: AddressedRecipient) -> bool:
    """Whether the recipient can open the links to the inbox: the owner and members of the form."""
    return row.recipient.is_owner or bool(row.address and is_member(row.form.id, row.address))


def of_form(form_id: str) -> Sequence[AddressedRecipient]:
    """Return a form's recipients, the owner first."""
    return fetch(Recipient.form_id == form_id, Recipient.removed_at.is_(None))


def find_active(recipient_id: uuid.UUID) -> AddressedRecipient:
    """Return a recipient who may be mailed.

    :raises SuppressedError: if removed, unsubscribed or not confirmed
    """
    rows = fetch(Recipient.id == recipient_id, Recipient.status == "active", Recipient.removed_at.is_(None))
    if not rows:
        raise SuppressedError(GONE)
    return rows[0]


def _select() -> Select[*tuple[Any, ...]]:
    query = select(Recipient, Form, Account).join(Form, Form.id == Recipient.form_id)
    return query.join(Account, Account.id == Form.owner_id).where(Form.deleted_at.is_(None))
