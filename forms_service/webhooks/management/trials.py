"""Tests, samples and retries: what an owner tries by hand, by the path of every delivery."""

import json
import uuid
from datetime import UTC, date, datetime
from typing import Any

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import on_commit, write_session
from forms_service.delivery import outbox
from forms_service.delivery.models import URGENT
from forms_service.errors import ConflictError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.validation.datetimes import start_of_day
from forms_service.webhooks.endpoints import get_owned_webhook
from forms_service.webhooks.formats import FORMATS, Target
from forms_service.webhooks.formats.payloads import JSON
from forms_service.webhooks.listeners import CHANNEL, target_of
from forms_service.webhooks.stored_events import find_form, make_sample, store_test

TEST = "webhook.test"
"""Of no event: a failed test is not retried with what has failed."""

MAX_RETRIED, RETRY_BATCH = 10_000, 1000
"""Deliveries of one call, and of one of its transactions."""

DISABLED = "This webhook is switched off. Enable it first."


def send_test(webhook_id: uuid.UUID, caller: Caller, event: str) -> dict[str, uuid.UUID]:
    """Enqueue a sample event and return its delivery; a disabled webhook may be tested too."""
    with write_session():
        webhook = get_owned_webhook(webhook_id, caller)
        payload = store_test(webhook.id, event, webhook.form_id)
        row = outbox.message_row(CHANNEL, TEST, target_of(webhook.id, webhook.url), about=None, payload=payload)
        row[1]["priority"] = URGENT  # somebody waits for the answer, also of an endpoint whose circuit is open
        delivery_id: uuid.UUID = row[1]["id"]  # the row is converted in place
        outbox.insert_rows(db.session.connection(), [row])
        on_commit(outbox.wake_worker)
        db.session.commit()
    return {"id": delivery_id}


def retry(webhook_id: uuid.UUID, caller: Caller, since: datetime | date) -> dict[str, int]:
    """Retry up to MAX_RETRIED that failed since a moment; what goes again is the submission as it is now.

    :raises ConflictError: while the webhook is switched off
    """
    start = since if isinstance(since, datetime) else start_of_day(since, UTC)
    retried, batch = 0, RETRY_BATCH
    while batch == RETRY_BATCH and retried < MAX_RETRIED:
        with write_session():  # short ones: others write between them
            webhook = get_owned_webhook(webhook_id, caller)
            if not webhook.enabled:
                raise ConflictError(DISABLED)
            batch = outbox.retry_failed(target_of(webhook.id, webhook.url), start, RETRY_BATCH)
            retried += batch
            db.session.commit()
    with write_session():
        details = {"webhook": str(webhook_id), "deliveries": retried}
        audit.record("webhook_retried", account_id=caller.account_id, details=details)
        db.session.commit()
    return {"retried": retried}


def show_sample(
    caller: Caller, form_id: str | None, event: str, format_name: str, template: Any = None
) -> dict[str, Any]:
    """Return a request as a webhook would get it.

    :raises ValueError: for a template that the format cannot use
    """
    if form_id:
        access.find_form(form_id, caller)
    target = Target("https://hooks.example.com/?chat_id=-1001234567890", template)
    payload = FORMATS[format_name].render(make_sample(event, find_form(form_id)), target)
    body = payload.body.decode()
    return {
        "content_type": payload.content_type,
        "headers": payload.headers,
        "body": json.loads(body) if payload.content_type == JSON else body,
    }
