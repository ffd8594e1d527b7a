"""Switches off webhooks whose endpoint is gone or fails for days, and mails their owner before.

A failure ends with the first success. Without traffic nothing is switched off: only an attempt is evidence.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import or_, select, update

from forms_service.accounts import audit
from forms_service.accounts.models import Account
from forms_service.database.transactions import on_commit, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.delivery.models import Message
from forms_service.encryption.associated_data import Unreadable
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.signals import form_saved
from forms_service.submissions.console_urls import webhook_url
from forms_service.webhooks.endpoints import Endpoint, form_ids_of, host_of, webhook_index
from forms_service.webhooks.models import Webhook

FIRST_WARNING = timedelta(hours=1)
"""A shorter failure needs no mail: retries make up for it."""

LAST_WARNING = timedelta(days=4)
MAX_FAILURE = timedelta(days=5)
NOTICE = timedelta(days=1)
"""Between the last mail and the switch."""

GONE_REASON = "It answered 410 Gone."
FAILED_REASON = "Every delivery failed for 5 days."


MAX_MAILS_PER_HOUR = 60
"""To one owner: more than an account has webhooks, so that only one switched on and off again and again reaches it."""


MAX_HASTENED = 1000
"""Messages of a webhook that is switched off: a backlog must not hold up whoever writes meanwhile."""


class Step(Enum):
    """The next reaction to a failure."""

    BEGIN = "begin"
    WARN = "warn"
    WARN_AGAIN = "warn again"
    DISABLE = "disable"


def record_success(endpoint: Endpoint) -> None:
    """End a failure."""
    if endpoint.failing_since is None:
        return
    with write_session():
        values = {"failing_since": None, "warnings": 0, "warned_at": None}
        db.session.execute(update(Webhook).where(Webhook.id == endpoint.id).values(values))
        db.session.commit()


def record_failure(endpoint: Endpoint, reason: str) -> None:
    """Begin a failure, or react to its age; most attempts write nothing."""
    if _next_step(endpoint) is None:
        return
    with write_session():
        webhook = _lock(endpoint.id)
        step = _next_step(webhook) if webhook else None
        if webhook is None or step is None:
            return  # another attempt was first
        if step is Step.BEGIN:
            webhook.failing_since = now()
        elif step is Step.DISABLE:
            disable(webhook, FAILED_REASON)
        else:
            webhook.warnings, webhook.warned_at = 1 if step is Step.WARN else 2, now()
            _mail(webhook, "webhook_failing", reason, is_last=step is Step.WARN_AGAIN)
        form_ids = form_ids_of(webhook) if step is Step.DISABLE else []
        db.session.commit()
    _refresh(form_ids)


def disable_gone(webhook_id: uuid.UUID) -> None:
    """Switch off a webhook that answered 410."""
    with write_session():
        webhook = _lock(webhook_id)
        if webhook is None or not webhook.enabled:
            return
        disable(webhook, GONE_REASON)
        form_ids = form_ids_of(webhook)
        db.session.commit()
    _refresh(form_ids)


def disable(webhook: Webhook, reason: str) -> None:
    """Switch off a webhook and tell its owner, in the caller's transaction."""
    webhook.enabled, webhook.disabled_reason = False, reason
    details = {"webhook": str(webhook.id), "form_id": webhook.form_id}
    audit.record("webhook_disabled", account_id=webhook.account_id, details=details)
    hasten(webhook.id)
    _mail(webhook, "webhook_off", reason)


def hasten(webhook_id: uuid.UUID) -> None:
    """Make what waits for a webhook due: the worker fails it with the reason, and sends nothing.

    Beyond MAX_HASTENED, that happens at its next attempt.
    """
    is_free = or_(Message.lease_until.is_(None), Message.lease_until <= now())
    waiting = (Message.target_index == webhook_index(webhook_id), Message.state == "waiting", is_free)
    outbox.change_some(waiting, {"next_attempt_at": now()}, MAX_HASTENED)
    on_commit(outbox.wake_worker)


def _next_step(failure: Endpoint | Webhook) -> Step | None:
    if not failure.enabled:
        return None
    if failure.failing_since is None:
        return Step.BEGIN
    moment = now()
    age = moment - failure.failing_since
    if failure.warnings > 1:
        is_over = age >= MAX_FAILURE and moment - (failure.warned_at or moment) >= NOTICE
        return Step.DISABLE if is_over else None
    if age >= LAST_WARNING:
        return Step.WARN_AGAIN
    return Step.WARN if age >= FIRST_WARNING and not failure.warnings else None


def _mail(webhook: Webhook, kind: str, reason: str, *, is_last: bool = False) -> None:
    account = db.session.get_one(Account, webhook.account_id)
    if account.status != "active" or not account.email:
        return
    values = {
        "host": host_of(webhook.url),
        "description": webhook.description,
        "form": _form_name(webhook.form_id),
        "reason": reason,
        "since": _as_text(webhook.failing_since),
        "is_last": is_last,
        "link": webhook_url(webhook.form_id, webhook.id),
    }
    outbox.enqueue_mail(kind, account.email, values, about=account.id, max_per_hour=MAX_MAILS_PER_HOUR)


def _form_name(form_id: str | None) -> str | None:
    name = db.session.scalar(select(Form.name).where(Form.id == form_id)) if form_id else None
    return None if isinstance(name, Unreadable) else name


def _as_text(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else None


def _lock(webhook_id: uuid.UUID) -> Webhook | None:
    return db.session.scalar(select(Webhook).where(Webhook.id == webhook_id).with_for_update())


def _refresh(form_ids: Sequence[str]) -> None:
    for form_id in form_ids:
        form_saved.send(form_id=form_id)
