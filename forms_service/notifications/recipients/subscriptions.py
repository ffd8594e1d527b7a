"""Confirms, unsubscribes and subscribes again, by the links in mails."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select

from forms_service.accounts import audit
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import suppressions
from forms_service.extensions import db
from forms_service.forms.mail_names import form_name
from forms_service.notifications.recipients import links, queries
from forms_service.notifications.recipients.links import CONFIRM, UNSUBSCRIBE
from forms_service.notifications.recipients.models import Recipient
from forms_service.notifications.recipients.queries import AddressedRecipient
from forms_service.notifications.recipients.schedules import drop_waiting_entries, schedule
from forms_service.rate_limiting.limits import charge
from forms_service.signals import form_saved


@dataclass(frozen=True)
class Subscription:
    """The state behind a link."""

    status: str
    """`pending`, `active` or `unsubscribed`; the last one also once removed."""

    forms: Sequence[str] = ()
    """Names."""

    unsubscribe_url: str | None = None

    is_blocked: bool = False
    """No mail of any form."""

    has_changed: bool = False
    """By this request."""


def look_up(purpose: str, token: str) -> Subscription:
    """Return the state; changes nothing.

    :raises ValidationError: for an invalid token
    """
    return _describe(_rows(purpose, token))


def confirm(token: str) -> Subscription:
    """Activate a pending recipient.

    :raises ValidationError: for an invalid token
    """
    return _change(CONFIRM, token, "active", ("pending",), "recipient_confirmed")


def unsubscribe(token: str) -> Subscription:
    """Stop the mails, at once.

    :raises ValidationError: for an invalid token
    """
    return _change(UNSUBSCRIBE, token, "unsubscribed", ("pending", "active"), "recipient_unsubscribed")


def subscribe_again(token: str) -> Subscription:
    """Take an unsubscription back.

    :raises ValidationError: for an invalid token
    """
    return _change(UNSUBSCRIBE, token, "active", ("unsubscribed",), "recipient_confirmed")


def block(token: str) -> Subscription:
    """Unsubscribe, and stop the mails of all forms.

    :raises ValidationError: for an invalid token
    """
    unsubscribe(token)
    for address in {row.address for row in _rows(UNSUBSCRIBE, token)} - {""}:
        suppressions.suppress(address, "unsubscribe")
    return look_up(UNSUBSCRIBE, token)


def unsubscribe_url(recipient_ids: Select[uuid.UUID | None]) -> str | None:
    """Return one link for all recipients of one address; None if they are gone."""
    rows = queries.fetch(Recipient.id.in_(recipient_ids), Recipient.removed_at.is_(None))
    return links.make_url(UNSUBSCRIBE, rows[0].blind_index, *(row.recipient.id for row in rows)) if rows else None


def _change(purpose: str, token: str, status: str, before: Sequence[str], event: str) -> Subscription:
    link = links.read_token(purpose, token)  # before a transaction: anybody may send any token
    charge("subscription", link.address_tag.hex())
    changed: list[str] = []
    with write_session():
        rows = _rows(purpose, token, lock=True)
        for row in rows:
            if row.recipient.status in before:
                _set_status(row.recipient, status)
                _record(event, row)
                changed.append(row.form.id)
        result = replace(_describe(rows), has_changed=bool(changed))
        db.session.commit()
    for form_id in changed:
        form_saved.send(form_id=form_id)
    return result


def _rows(purpose: str, token: str, *, lock: bool = False) -> list[AddressedRecipient]:
    link = links.read_token(purpose, token)
    identities: Sequence[uuid.UUID] = link.recipient_ids
    rows = queries.fetch(Recipient.id.in_(identities), Recipient.removed_at.is_(None), lock=lock)
    return [row for row in rows if links.has_tag(row.blind_index, link)]


def _set_status(recipient: Recipient, status: str) -> None:
    recipient.status = status
    if status == "active":
        recipient.confirmed_at = recipient.last_digest_at = now()
    else:
        drop_waiting_entries(recipient)
    schedule(recipient)


def _record(event: str, row: AddressedRecipient) -> None:
    details = {"form_id": row.form.id, "recipient_id": str(row.recipient.id)}
    # the owner reads the trail, and where a recipient reads mail is none of the owner's business
    audit.record(event, account_id=row.form.owner_id, details=details, with_client=False)


def _describe(rows: Sequence[AddressedRecipient]) -> Subscription:
    if not rows:
        return Subscription("unsubscribed")
    statuses = {row.recipient.status for row in rows}
    index = rows[0].blind_index
    return Subscription(
        status=next(status for status in ("pending", "active", "unsubscribed") if status in statuses),
        forms=[form_name(row.form.name) for row in rows],
        unsubscribe_url=links.make_url(UNSUBSCRIBE, index, *(row.recipient.id for row in rows)),
        is_blocked=bool(suppressions.find_many([index])),
    )
