"""Use cases of recipients, for owners."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import outbox, suppressions
from forms_service.delivery.models import Suppression
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthorizationError, NotFoundError, ValidationError
from forms_service.extensions import db
from forms_service.form_schema.conditions import find_conflicts
from forms_service.forms import access
from forms_service.forms.models import Form, FormVersion
from forms_service.notifications.recipients import invitations, queries
from forms_service.notifications.recipients.models import Recipient
from forms_service.notifications.recipients.queries import AddressedRecipient
from forms_service.notifications.recipients.schedules import drop_waiting_entries, schedule
from forms_service.rate_limiting.limits import charge
from forms_service.signals import form_creating, form_saved, form_transferring
from forms_service.web.pagination import Page, decode_cursor, paginate

MAX_RECIPIENTS = 20
"""Per form, besides its owner."""


@form_creating.connect
def add_owner(_: object, form_id: str) -> None:
    """Add the owner of a new form, in the caller's transaction."""
    db.session.add(_owner_of(form_id))


@form_transferring.connect
def _follow_form(_: object, form_id: str, owner_id: uuid.UUID, previous_id: uuid.UUID) -> None:
    """Make the new owner the first recipient; the old one stays, so that no mail that waits is lost."""
    new, previous = (db.session.get_one(Account, account_id).email for account_id in (owner_id, previous_id))
    by_index = {row.recipient.email_index: row.recipient for row in queries.fetch(Recipient.form_id == form_id)}
    if None in by_index:
        _leave_ownership(by_index[None], previous, is_known=outbox.address_index(previous) in by_index)
    recipient = by_index.get(outbox.address_index(new))
    db.session.flush()
    if recipient is None:
        db.session.add(_owner_of(form_id))
        return
    recipient.email = recipient.email_index = recipient.removed_at = None
    recipient.is_owner, recipient.status, recipient.confirmed_at = True, "active", recipient.confirmed_at or now()
    schedule(recipient)


def _leave_ownership(recipient: Recipient, email: str, *, is_known: bool) -> None:
    if is_known or not email:  # their address is a recipient of its own already, or cannot be decrypted
        outbox.delete_to([recipient.id])
        drop_waiting_entries(recipient)
        db.session.delete(recipient)
    else:
        recipient.is_owner, recipient.email, recipient.email_index = False, email, outbox.address_index(email)


def list_recipients(form_id: str, caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """List a form's recipients, the owner first."""
    access.find_form(form_id, caller, access.MANAGER)
    position = decode_cursor(cursor, uuid.UUID)
    items = as_dicts(queries.of_form(form_id))
    if position:
        ids = [item["id"] for item in items]
        items = items[ids.index(position[0]) + 1 :] if position[0] in ids else []
    return paginate(items[: limit + 1], limit, lambda item: (item["id"],))


def add(form_id: str, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Add a recipient; an address other than the owner's gets a mail with a link to confirm.

    Added again, a recipient keeps the status; only a pending one is mailed again.

    :raises AuthorizationError: beyond MAX_RECIPIENTS
    :raises RateLimitError: when the account adds many
    :raises ValidationError: for conditions on unknown fields
    """
    charge("recipients", str(caller.account_id))  # with any of its keys: strangers are mailed
    with write_session():
        form = access.find_form(form_id, caller, access.MANAGER, lock=True)
        _check_conditions(form, body)
        recipient = _find_or_make(form, caller, body["email"])
        is_new = recipient in db.session.new
        _apply(recipient, body)
        db.session.flush()
        (row,) = queries.fetch(Recipient.id == recipient.id)
        schedule(recipient)
        if recipient.status == "pending":
            invitations.send(row)
        if is_new:
            _record("recipient_added", row, caller)
        (result,) = as_dicts([row])
        db.session.commit()
    form_saved.send(form_id=form_id)
    return result


def change(recipient_id: uuid.UUID, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change what a recipient gets.

    :raises NotFoundError: also for another owner's
    :raises ValidationError: for conditions on unknown fields
    """
    with write_session():
        row = _lock(recipient_id, caller)
        _check_conditions(row.form, body)
        _apply(row.recipient, body)
        schedule(row.recipient)
        db.session.flush()
        (result,) = as_dicts([row])
        _record("recipient_changed", row, caller)
        db.session.commit()
    form_saved.send(form_id=result["form_id"])
    return result


def remove(recipient_id: uuid.UUID, caller: Caller) -> None:
    """Remove a recipient; nothing more is sent to them.

    :raises NotFoundError: also for another owner's
    """
    with write_session():
        row = _lock(recipient_id, caller)
        form_id = row.form.id
        forget(row)
        _record("recipient_removed", row, caller)
        db.session.commit()
    form_saved.send(form_id=form_id)


def forget(row: AddressedRecipient) -> None:
    """Delete a recipient and all messages to them, in the caller's transaction.

    Of an address that unsubscribed, the blind index stays: added again, it must not be mailed.
    """
    recipient = row.recipient
    outbox.delete_to([recipient.id], row.blind_index)
    drop_waiting_entries(recipient)
    if recipient.status == "unsubscribed" and not recipient.is_owner:
        recipient.email, recipient.conditions, recipient.removed_at = None, None, now()
    else:
        db.session.delete(recipient)


def _owner_of(form_id: str) -> Recipient:
    return Recipient(form_id=form_id, is_owner=True, status="active", confirmed_at=now())


def _find_or_make(form: Form, caller: Caller, email: str) -> Recipient:
    owner = db.session.get_one(Account, form.owner_id)
    if owner.email_index == email_index(email):
        return _find_or_make_owner(form, caller)
    index = outbox.address_index(email)
    rows = queries.fetch(Recipient.form_id == form.id, Recipient.email_index == index)
    if rows and not rows[0].recipient.removed_at:
        return rows[0].recipient
    if sum(not row.recipient.is_owner for row in queries.of_form(form.id)) >= MAX_RECIPIENTS:
        message = f"A form can have at most {MAX_RECIPIENTS} recipients besides its owner. Remove one first."
        raise AuthorizationError(message, details={"quota": "recipients", "limit": MAX_RECIPIENTS})
    if rows:  # it unsubscribed, and was removed
        rows[0].recipient.email, rows[0].recipient.removed_at = email, None
        return rows[0].recipient
    recipient = Recipient(form_id=form.id, email=email, email_index=index, status="pending")
    db.session.add(recipient)
    return recipient


def _find_or_make_owner(form: Form, caller: Caller) -> Recipient:
    rows = queries.fetch(Recipient.form_id == form.id, Recipient.is_owner)
    if rows:
        if caller.account_id == form.owner_id:  # their own word outweighs that they unsubscribed
            rows[0].recipient.status = "active"
        return rows[0].recipient
    recipient = _owner_of(form.id)
    db.session.add(recipient)
    return recipient


def _lock(recipient_id: uuid.UUID, caller: Caller) -> AddressedRecipient:
    rows = queries.fetch(Recipient.id == recipient_id, Recipient.removed_at.is_(None), lock=True)
    if not rows:
        raise NotFoundError()
    access.require_role(access.find_role(rows[0].form.id, caller), access.MANAGER)
    return rows[0]


def _check_conditions(form: Form, body: Mapping[str, Any]) -> None:
    fields = db.session.get_one(FormVersion, (form.id, form.version)).fields
    errors = find_conflicts(fields, body.get("when"))
    if errors:
        raise ValidationError(errors)


def _apply(recipient: Recipient, body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name == "when":
            recipient.conditions = json.dumps(value, ensure_ascii=False) if value else None
        elif name != "email":
            setattr(recipient, name, value)


def _record(name: str, row: AddressedRecipient, caller: Caller) -> None:
    details = {"form_id": row.form.id, "recipient_id": str(row.recipient.id)}
    audit.record(name, account_id=caller.account_id, details=details)


def as_dicts(rows: Sequence[AddressedRecipient]) -> list[dict[str, Any]]:
    """Return recipients as the form's owner sees them."""
    indexes = [row.blind_index for row in rows]
    suppressed = suppressions.find_many(indexes)
    return [_as_dict(row, suppressed.get(index)) for row, index in zip(rows, indexes, strict=True)]


def _as_dict(row: AddressedRecipient, suppression: Suppression | None) -> dict[str, Any]:
    recipient = row.recipient
    plain = ("id", "form_id", "is_owner", "frequency", "hour", "weekday", "timezone", "content", "files")
    times = ("next_digest_at", "created_at", "confirmed_at")
    is_suppressed = suppression is not None and recipient.status != "unsubscribed"
    return {
        **{name: getattr(recipient, name) for name in (*plain, *times)},
        "email": row.address,
        "when": recipient.parsed_conditions(),
        "status": "suppressed" if is_suppressed else recipient.status,
        "suppressed_reason": suppression.reason if suppression else None,
        "suppressed_at": suppression.created_at if suppression else None,
        **unreadable_flag(row.address, recipient.conditions),
    }
