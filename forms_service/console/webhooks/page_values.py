"""Values of the pages of webhooks: of a form, or with `form_id` None of all forms of an account."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console import condition_rows
from forms_service.console.delivery_words import EVENTS, OUTCOMES, describe, name_of
from forms_service.console.format_words import FORMATS, example_template, shown_template
from forms_service.console.webhooks import schemas
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.errors import NotFoundError
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.notifications.deliveries import service as deliveries
from forms_service.rate_limiting.limits import charge
from forms_service.web.pagination import MAX_LIMIT
from forms_service.webhooks.endpoints import host_of
from forms_service.webhooks.management import delivery_log, rotation, service, trials

MAX_ATTEMPTS = 50
"""Of a log."""

MAX_WAIT = timedelta(minutes=1)
"""After which the page no longer asks for the answer to a test."""


def list_page(form_id: str | None, caller: Caller) -> dict[str, Any]:
    """Return the values of a list of webhooks.

    :raises AuthorizationError: for a role below manager
    """
    form = _form(form_id, caller)
    items = service.list_webhooks(form_id, caller, MAX_LIMIT, None).items if form_id else []
    is_own = not form or form["owner_id"] == caller.account_id
    of_all = service.list_of_account(caller) if is_own else []
    shown = items if form else of_all
    return {
        "form": form,
        "webhooks": _described(shown),
        "general": [item for item in of_all if form],
        "failing": sum(_has_trouble(item) for item in of_all if form),
        "is_own": is_own,
        "quota": service.MAX_PER_FORM if form else service.MAX_PER_ACCOUNT,
    }


def edit_page(form_id: str | None, caller: Caller, webhook_id: uuid.UUID | None = None) -> dict[str, Any]:
    """Return the values of the form that makes or changes a webhook.

    :raises NotFoundError: if the form has no such webhook
    """
    form = _form(form_id, caller)
    webhook = find(form_id, caller, webhook_id) if webhook_id else None
    fields = form["fields"] if form else []
    return {
        "form": form,
        "webhook": webhook,
        "formats": FORMATS,
        "events": EVENTS,
        "fields": fields,
        "example": example_template(fields),
        "stored_template": shown_template(webhook["template"]) if webhook else "",
        "conditions": condition_rows,
        "header_rows": schemas.header_rows,
    }


def webhook_page(
    form_id: str | None, caller: Caller, webhook_id: uuid.UUID, query: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of the page of a webhook.

    :raises NotFoundError: if the form has no such webhook
    """
    form = _form(form_id, caller)
    (webhook,) = _described([find(form_id, caller, webhook_id)])
    log = [describe(delivery) for delivery in delivery_log.list_deliveries(webhook_id, caller)]
    return {
        "form": form,
        "webhook": webhook,
        "format": FORMATS[webhook["format"]],
        "events": EVENTS,
        "outcomes": OUTCOMES,
        "conditions": condition_rows.in_words(webhook["when"], form["fields"] if form else ()),
        "attempts": _attempts(log),
        "waiting": sum(delivery["state"] == "waiting" and not delivery["last"] for delivery in log),
        "has_failed": any(delivery["state"] == "failed" and delivery["retry"] for delivery in log),
        "sample": _sample(webhook, caller),
        "test": _test(webhook_id, query["test"], caller) if query["test"] else None,
        "retried": query["retried"],
        "month_ago": now() - outbox.RETENTION,
    }


def sample_page(form_id: str | None, caller: Caller, event: str, format_name: str) -> dict[str, Any]:
    """Return the values of the page that shows what a format sends."""
    form = _form(form_id, caller)
    template = json.loads(example_template(form["fields"] if form else ())) if format_name == "custom" else None
    sample = trials.show_sample(caller, form_id, event, format_name, template)
    shown = {"event": event, "format": format_name}
    return {"form": form, "sample": _as_text(sample), "formats": FORMATS, "events": EVENTS, "shown": shown}


def find(form_id: str | None, caller: Caller, webhook_id: uuid.UUID) -> dict[str, Any]:
    """Return a webhook of this form, or of all.

    :raises NotFoundError: for any other
    """
    webhook = service.get(webhook_id, caller)
    if webhook["form_id"] != form_id:
        raise NotFoundError()
    return webhook


def change(form_id: str | None, caller: Caller, webhook_id: uuid.UUID, body: Mapping[str, Any]) -> None:
    """Change what differs from what the page showed: of another owner's URL, operators see the host alone."""
    shown = find(form_id, caller, webhook_id)
    changes = {name: value for name, value in body.items() if name == "headers" or value != shown[name]}
    service.change(webhook_id, caller, changes)


def delete(form_id: str | None, caller: Caller, webhook_id: uuid.UUID) -> None:
    """Delete a webhook."""
    find(form_id, caller, webhook_id)
    service.delete(webhook_id, caller)


def rotate(form_id: str | None, caller: Caller, webhook_id: uuid.UUID) -> dict[str, Any]:
    """Return the values of the page that shows a new secret, once."""
    webhook = find(form_id, caller, webhook_id)
    return {"form": _form(form_id, caller), "webhook": {**webhook, **rotation.rotate(webhook_id, caller)}}


def create(form_id: str | None, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a webhook, and return the values of the page that shows its secret, once."""
    form = _form(form_id, caller)
    return {"form": form, "webhook": {**service.create(form_id, caller, body), "is_new": True}}


def send_test(form_id: str | None, caller: Caller, webhook_id: uuid.UUID, event: str) -> uuid.UUID:
    """Send a test, and return its delivery.

    :raises RateLimitError: with those that the API sends for the account
    """
    find(form_id, caller, webhook_id)
    charge("webhook_test", f"account {caller.account_id}")
    return trials.send_test(webhook_id, caller, event)["id"]


def retry(form_id: str | None, caller: Caller, webhook_id: uuid.UUID, body: Mapping[str, Any]) -> int:
    """Make failed deliveries due again, and return how many."""
    find(form_id, caller, webhook_id)
    return trials.retry(webhook_id, caller, body["since"])["retried"]


def retry_delivery(form_id: str | None, caller: Caller, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> None:
    """Send a delivery of this webhook again: managers of a form may not see those for all of its owner's forms."""
    find(form_id, caller, webhook_id)
    delivery_log.find(webhook_id, delivery_id, caller)
    deliveries.retry(delivery_id, caller)


def _form(form_id: str | None, caller: Caller) -> dict[str, Any] | None:
    return forms.get(form_id, caller, access.MANAGER) if form_id else None


def _described(webhooks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    summaries = delivery_log.summarize([webhook["id"] for webhook in webhooks])
    return [_describe_one(webhook, summaries[webhook["id"]]) for webhook in webhooks]


def _describe_one(webhook: Mapping[str, Any], summary: delivery_log.Summary) -> dict[str, Any]:
    failure = summary.failure if _has_trouble(webhook) else None
    return {
        **webhook,
        "name": name_of(webhook),
        "host": host_of(webhook["url"]),
        "format_name": FORMATS[webhook["format"]][0],
        "failure": {**failure, "delivery": describe(failure["delivery"])} if failure else None,
        "last_success": summary.last_success,
    }


def _has_trouble(webhook: Mapping[str, Any]) -> bool:
    return bool(webhook["failing_since"] or webhook["disabled_reason"])


def _attempts(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    attempts = [
        {"delivery": delivery, "attempt": attempt, "is_last": attempt is delivery["last"]}
        for delivery in log
        for attempt in delivery["attempts"]
    ]
    return sorted(attempts, key=lambda item: item["attempt"].at, reverse=True)[:MAX_ATTEMPTS]


def _test(webhook_id: uuid.UUID, delivery_id: uuid.UUID, caller: Caller) -> dict[str, Any] | None:
    try:
        delivery = describe(delivery_log.find(webhook_id, delivery_id, caller))
    except NotFoundError:
        return None
    due = delivery["next_attempt_at"]
    return {**delivery, "is_awaited": due is not None and now() - due < MAX_WAIT}


def _sample(webhook: Mapping[str, Any], caller: Caller) -> dict[str, Any] | None:
    event = webhook["events"][0]
    try:
        sample = trials.show_sample(caller, webhook["form_id"], event, webhook["format"], webhook["template"])
    except ValueError:  # its template cannot be decrypted
        return None
    return _as_text(sample)


def _as_text(sample: Mapping[str, Any]) -> dict[str, Any]:
    body = sample["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2)
    lines = [f"{name}: {value}" for name, value in sample["headers"].items()]
    return {**sample, "text": "\n".join([*lines, "", text]) if lines else text}
