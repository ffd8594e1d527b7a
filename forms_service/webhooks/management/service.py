"""Use cases of webhooks. Another owner's forms and webhooks raise NotFoundError."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select, update

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller, check_owner
from forms_service.accounts.service import lock_by_id
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthenticationError, AuthorizationError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.signals import account_exporting, form_saved, form_transferring
from forms_service.web.pagination import Page, decode_cursor, paginate
from forms_service.webhooks import switch_off
from forms_service.webhooks.endpoints import existing, form_ids_of, get_owned_webhook, host_of, is_whole_url_visible
from forms_service.webhooks.management import erasure, schemas
from forms_service.webhooks.management.checks import check_address, check_headers, check_webhook, dump_json
from forms_service.webhooks.management.own_headers import MAX_HEADERS, merge_headers
from forms_service.webhooks.models import Webhook
from forms_service.webhooks.signatures import new_secret

MAX_PER_FORM = 20
MAX_PER_ACCOUNT = 50
"""With those of its forms."""

DISABLED_BY_HAND = "Switched off by hand."


def create(form_id: str | None, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a webhook of a form, or of all forms of the account; its secret is returned only here.

    :raises AuthorizationError: beyond the quota
    :raises ValidationError: for a refused URL, or names that the form does not define
    """
    if form_id:
        access.find_form(form_id, caller, access.MANAGER)
    else:
        check_owner(caller)
    fields = forms.get(form_id, caller)["fields"] if form_id else ()
    db.session.rollback()  # nothing stays open while the name resolves
    check_webhook(body, fields)
    check_address(body["url"])
    webhook = Webhook(account_id=caller.account_id, form_id=form_id, secret=new_secret(), warnings=0)
    _assign(webhook, body)
    with write_session():
        if form_id:  # it may be gone by now, or another's
            webhook.account_id = access.find_form(form_id, caller, access.MANAGER, lock=True).owner_id
        if lock_by_id(webhook.account_id) is None:
            raise AuthenticationError()
        _check_quota(webhook)
        db.session.add(webhook)
        db.session.flush()
        _record("webhook_created", webhook, caller)
        data, form_ids = as_dict(webhook, caller) | {"secret": webhook.secret}, form_ids_of(webhook)
        db.session.commit()
    _refresh(form_ids)
    return data


def list_webhooks(form_id: str | None, caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """List a form's webhooks, or all of the account, newest first; operators see all."""
    query = existing(select(Webhook))
    if form_id:
        access.find_form(form_id, caller, access.MANAGER)
        query = query.where(Webhook.form_id == form_id)
    elif caller.role != "operator":
        query = query.where(Webhook.account_id == caller.account_id)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(Webhook.id < position[0])
    rows = db.session.scalars(query.order_by(Webhook.id.desc()).limit(limit + 1)).all()
    page = paginate(rows, limit, lambda webhook: (webhook.id,))
    return Page([as_dict(webhook, caller) for webhook in page.items], page.next)


def list_of_account(caller: Caller) -> list[dict[str, Any]]:
    """List the caller's webhooks for all forms, newest first; there are at most MAX_PER_ACCOUNT."""
    query = select(Webhook).where(Webhook.account_id == caller.account_id, Webhook.form_id.is_(None))
    return [as_dict(webhook, caller) for webhook in db.session.scalars(query.order_by(Webhook.id.desc()))]


def get(webhook_id: uuid.UUID, caller: Caller) -> dict[str, Any]:
    """Return a webhook."""
    return as_dict(get_owned_webhook(webhook_id, caller), caller)


def change(webhook_id: uuid.UUID, caller: Caller, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a webhook.

    :raises ValidationError: for a refused URL, names that the form does not define, or headers for another server
    """
    webhook = get_owned_webhook(webhook_id, caller)
    fields = forms.get(webhook.form_id, caller)["fields"] if webhook.form_id else ()
    check_webhook({**_checked_values(webhook), **changes}, fields)
    if changes.get("url", webhook.url) != webhook.url:
        db.session.rollback()
        check_address(changes["url"])
    with write_session():
        webhook = get_owned_webhook(webhook_id, caller, lock=True)
        check_headers(webhook, changes)
        _assign(webhook, changes)
        webhook.updated_at = now()
        _record("webhook_changed", webhook, caller)
        if "enabled" in changes:
            _switch(webhook, enabled=changes["enabled"])
        db.session.flush()
        data, form_ids = as_dict(webhook, caller), form_ids_of(webhook)
        db.session.commit()
    _refresh(form_ids)
    return data


def delete(webhook_id: uuid.UUID, caller: Caller) -> None:
    """Delete a webhook with its deliveries."""
    get_owned_webhook(webhook_id, caller)
    while erasure.erase_deliveries(Webhook.id == webhook_id):
        pass  # in short transactions
    with write_session():
        webhook = get_owned_webhook(webhook_id, caller, lock=True)
        form_ids = form_ids_of(webhook)
        _record("webhook_deleted", webhook, caller)
        erasure.erase_webhooks(Webhook.id == webhook_id)
        db.session.commit()
    _refresh(form_ids)


def as_dict(webhook: Webhook, caller: Caller) -> dict[str, Any]:
    """Return a webhook without its secrets; operators see only the host of another owner's URL."""
    plain = ("id", "form_id", "format", "enabled", "disabled_reason", "failing_since", "created_at", "updated_at")
    encrypted = (webhook.url, webhook.description, webhook.conditions, webhook.template, webhook.headers)
    return {
        **{name: getattr(webhook, name) for name in plain},
        "url": webhook.url if is_whole_url_visible(webhook, caller) else f"https://{host_of(webhook.url)}/…",
        "description": webhook.description or None,
        "events": webhook.events.split(),
        "when": json.loads(webhook.conditions or "null"),
        "template": json.loads(webhook.template or "null"),
        "headers": list(json.loads(webhook.headers or "{}")),
        **unreadable_flag(*encrypted, webhook.secret),
    }


@form_transferring.connect
def _follow_form(_: object, form_id: str, owner_id: uuid.UUID, previous_id: uuid.UUID) -> None:
    """Make a form's webhooks its new owner's; theirs for all forms listen from now on."""
    is_theirs = or_(Webhook.form_id == form_id, Webhook.account_id == owner_id)
    count = select(func.count()).select_from(Webhook).where(is_theirs)
    if (db.session.scalar(count) or 0) > MAX_PER_ACCOUNT:
        message = f"The new owner's account would have more than {MAX_PER_ACCOUNT} webhooks. Delete some first."
        raise AuthorizationError(message, details={"quota": "webhooks", "limit": MAX_PER_ACCOUNT})
    db.session.execute(update(Webhook).where(Webhook.form_id == form_id).values(account_id=owner_id))


@account_exporting.connect
def _export(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    query = existing(select(Webhook)).where(Webhook.account_id == account_id).order_by(Webhook.id)
    rows = [as_dict(webhook, Caller(account_id, "owner")) for webhook in db.session.scalars(query)]
    document["webhooks"] = schemas.WebhookShown(many=True).dump(rows)


def _assign(webhook: Webhook, values: Mapping[str, Any]) -> None:
    for name in ("url", "format", "enabled"):
        if name in values:
            setattr(webhook, name, values[name])
    if "description" in values:
        webhook.description = values["description"] or ""
    if "events" in values:
        webhook.events = " ".join(dict.fromkeys(values["events"]))
    if "when" in values:
        webhook.conditions = dump_json(values["when"] or None)
    if "template" in values:
        webhook.template = dump_json(values["template"])
    if "headers" in values:
        webhook.headers = json.dumps(_merged_headers(webhook.headers, values["headers"]))


def _merged_headers(stored: str | None, changes: Mapping[str, str | None]) -> dict[str, str]:
    headers = merge_headers(json.loads(stored or "{}"), changes)
    if len(headers) > MAX_HEADERS:
        raise AuthorizationError(f"A webhook can have at most {MAX_HEADERS} headers. Remove one by the value null.")
    return headers


def _switch(webhook: Webhook, *, enabled: bool) -> None:
    webhook.disabled_reason = None if enabled else DISABLED_BY_HAND
    webhook.failing_since, webhook.warnings, webhook.warned_at = None, 0, None
    if not enabled:
        switch_off.hasten(webhook.id)


def _checked_values(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "format": webhook.format,
        "template": json.loads(webhook.template or "null"),
        "when": json.loads(webhook.conditions or "null"),
    }


def _check_quota(webhook: Webhook) -> None:
    count = select(func.count()).select_from(Webhook)
    limits = [("account", count.where(Webhook.account_id == webhook.account_id), MAX_PER_ACCOUNT)]
    if webhook.form_id:
        limits.append(("form", count.where(Webhook.form_id == webhook.form_id), MAX_PER_FORM))
    for owner, query, limit in limits:
        if (db.session.scalar(query) or 0) >= limit:
            message = f"This {owner} can have at most {limit} webhooks. Delete one that is no longer used."
            raise AuthorizationError(message, details={"quota": "webhooks", "limit": limit})


def _record(name: str, webhook: Webhook, caller: Caller) -> None:
    details = {"webhook": str(webhook.id), "form_id": webhook.form_id}
    audit.record(name, account_id=caller.account_id, details=details)


def _refresh(form_ids: Sequence[str]) -> None:
    for form_id in form_ids:
        form_saved.send(form_id=form_id)
