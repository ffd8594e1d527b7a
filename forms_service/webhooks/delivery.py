"""Binds webhooks to forms, to the outbox and to its worker."""

import uuid

from flask import Flask
from sqlalchemy import ColumnElement, select

from forms_service.delivery import target_owners, worker
from forms_service.delivery.models import Message
from forms_service.webhooks import listeners, sources
from forms_service.webhooks.endpoints import existing
from forms_service.webhooks.models import Webhook
from forms_service.webhooks.transport import HttpTransport


def init_app(app: Flask) -> None:
    """Register listeners, payloads and the transport."""
    listeners.init_app(app)
    sources.init_app(app)
    worker.register_transport(app, listeners.CHANNEL, HttpTransport)
    target_owners.register(app, go_to_webhooks_of)


def go_to_webhooks_of(account_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Return the condition on messages to webhooks of an account, or of anybody."""
    query = existing(select(Webhook.id))
    return Message.target_id.in_(query if account_id is None else query.where(Webhook.account_id == account_id))
