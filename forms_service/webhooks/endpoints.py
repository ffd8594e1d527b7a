"""Reads webhooks: an owner's, a form's, or one to send to."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Select, or_, select

from forms_service.accounts.guards import Caller
from forms_service.database.types import now
from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.models import Form
from forms_service.webhooks.formats import Target
from forms_service.webhooks.models import Webhook

URL_CONTEXT, ID_CONTEXT = "webhooks.url", "webhooks.id"


@dataclass(frozen=True)
class Endpoint:
    """A webhook, decrypted for an attempt."""

    id: uuid.UUID
    url: str = field(repr=False)
    format: str
    template: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    warnings: int
    warned_at: datetime | None

    @property
    def target(self) -> Target:
        return Target(self.url, self.template)


def get_owned_webhook(webhook_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Webhook:
    """Return a webhook of the caller, or of a form that they manage, or any for an operator.

    :raises NotFoundError: also for another owner's
    """
    query = existing(select(Webhook, access.role_of(caller))).where(Webhook.id == webhook_id)
    row = db.session.execute(query.with_for_update(of=Webhook) if lock else query).one_or_none()
    if row is None:
        raise NotFoundError()
    webhook: Webhook = row[0]
    if caller.account_id != webhook.account_id:
        access.require_role(row[1] if webhook.form_id or caller.role == "operator" else None, access.MANAGER)
    return webhook


def existing(query: Select[Any]) -> Select[Any]:
    """Leave out webhooks of forms that are being erased."""
    query = query.outerjoin(Form, Form.id == Webhook.form_id)
    return query.where(or_(Webhook.form_id.is_(None), Form.deleted_at.is_(None)))


def of_form(form_id: ColumnElement[str], owner_id: ColumnElement[uuid.UUID]) -> ColumnElement[bool]:
    """Return the condition for a form's webhooks and those of all forms of its owner."""
    is_general = Webhook.form_id.is_(None) & (Webhook.account_id == owner_id)
    return or_(Webhook.form_id == form_id, is_general)


def form_ids_of(webhook: Webhook) -> Sequence[str]:
    """Return the forms that a webhook listens to."""
    if webhook.form_id:
        return [webhook.form_id]
    owned = select(Form.id).where(Form.owner_id == webhook.account_id, Form.deleted_at.is_(None))
    return db.session.scalars(owned).all()


def load_endpoint(webhook_id: uuid.UUID) -> Endpoint | None:
    """Return an endpoint, None if it was deleted. Leaves no transaction open."""
    webhook = db.session.scalar(select(Webhook).where(Webhook.id == webhook_id))
    endpoint = _decrypted(webhook) if webhook else None
    db.session.rollback()
    return endpoint


def url_index(url: str) -> bytes:
    """Return the blind index of a URL, by which deliveries to it share their limits."""
    return current_key_ring().index(url, URL_CONTEXT)


def webhook_index(webhook_id: uuid.UUID) -> bytes:
    """Return the `target_index` of a webhook's deliveries, whatever its URL."""
    return current_key_ring().index(str(webhook_id), ID_CONTEXT)


def host_of(url: str) -> str:
    """Return the host of a URL, which is all that other people than its owner see."""
    return urlsplit(url).hostname or ""


def is_whole_url_visible(webhook: Webhook, caller: Caller) -> bool:
    """Whether the caller may see more than the host: whoever manages its form, but no operator of another's."""
    return caller.account_id == webhook.account_id or caller.role != access.OPERATOR


def is_readable(*values: str | None) -> bool:
    """Whether all values could be decrypted."""
    return not any(isinstance(value, Unreadable) for value in values)


def _decrypted(webhook: Webhook) -> Endpoint:
    is_rotating = webhook.previous_secret_until is not None and webhook.previous_secret_until > now()
    secrets = (webhook.secret, webhook.previous_secret if is_rotating else None)
    readable = is_readable(webhook.url, webhook.template, webhook.headers, *secrets)
    return Endpoint(
        id=webhook.id,
        url=webhook.url if readable else "",
        format=webhook.format,
        template=json.loads(webhook.template) if readable and webhook.template else None,
        headers=json.loads(webhook.headers) if readable else {},
        secrets=tuple(filter(None, secrets)) if readable else (),
        enabled=webhook.enabled,
        disabled_reason=webhook.disabled_reason,
        failing_since=webhook.failing_since,
        warnings=webhook.warnings,
        warned_at=webhook.warned_at,
    )
