"""Binds webhooks to forms, to the outbox and to its worker."""

from flask import Flask
from sqlalchemy import ColumnElement, or_, select

from forms_service.accounts.guards import Caller
from forms_service.delivery import target_owners, worker
from forms_service.delivery.models import Message
from forms_service.forms import access
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


def go_to_webhooks_of(caller: Caller) -> ColumnElement[bool]:
    """Return the condition on messages to webhooks of the caller, and of forms that they manage."""
    is_visible = or_(Webhook.account_id == caller.account_id, access.with_role(caller, access.MANAGER))
    return Message.target_id.in_(existing(select(Webhook.id)).where(is_visible))
