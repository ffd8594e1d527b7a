"""Adds the requests of webhooks to a submission's own commit."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import bindparam, select

from forms_service.database.transactions import read_all
from forms_service.delivery import outbox
from forms_service.delivery.outbox import LANE_BYTES, Target
from forms_service.encryption.compiled_sql import Row
from forms_service.form_schema.conditions import matches
from forms_service.forms import cache
from forms_service.submissions.events import SubmissionEvent
from forms_service.webhooks.endpoints import host_of, is_readable, of_form, url_index, webhook_index
from forms_service.webhooks.models import Webhook
from forms_service.webhooks.stored_events import LAST_EVENTS, store_last_event

CHANNEL = "webhook"


@dataclass(frozen=True)
class WebhookListener:
    """One webhook of a form."""

    target: Target
    events: frozenset[str]
    conditions: Sequence[Mapping[str, Any]]

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        if event.by_webhook or event.type not in self.events or not matches(self.conditions, event.data):
            return ()
        if event.type in LAST_EVENTS:
            payload = store_last_event(self.target.id, event)
            return [outbox.message_row(CHANNEL, event.type, self.target, about=None, payload=payload)]
        return [outbox.message_row(CHANNEL, event.type, self.target, about=event.submission_id)]


ENABLED = (
    select(Webhook.id, Webhook.url, Webhook.events, Webhook.conditions)
    .where(Webhook.enabled.is_(True), of_form(bindparam("form_id"), bindparam("owner_id")))
    .order_by(Webhook.id)
)


def init_app(app: Flask) -> None:
    """Register the webhooks of every form."""
    cache.register_listeners(app, load_listeners)


def load_listeners(form_id: str, owner_id: uuid.UUID, owner_email: str) -> Sequence[WebhookListener]:
    """Return a form's enabled webhooks, and those of all forms of its owner."""
    return [
        WebhookListener(target_of(row.id, row.url), frozenset(row.events.split()), json.loads(row.conditions or "[]"))
        for row in read_all(ENABLED, form_id=form_id, owner_id=owner_id)
        if is_readable(row.url, row.conditions)  # without its conditions it might get what it must not
    ]


def target_of(webhook_id: uuid.UUID, url: str) -> Target:
    """Return where the messages of a webhook go; its URL is read at send time."""
    return Target(host_of(url), webhook_index(webhook_id), url_index(url)[:LANE_BYTES], webhook_id)
