"""Values of the operators' pages."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from forms_service.accounts import operators
from forms_service.accounts.authentication import Caller
from forms_service.accounts.models import ROLES
from forms_service.delivery import outbox, suppressions
from forms_service.delivery.models import Suppression
from forms_service.forms import names
from forms_service.health import service as health
from forms_service.web.pagination import DEFAULT_LIMIT
from forms_service.webhooks.management import failures

CHECKS = {
    "database": "Database",
    "cache": "Cache and rate limits",
    "queue": "Delivery",
    "mail": "Mail",
}
"""Checks in words; external services have names of their own."""

CHANNELS = {"mail": "Mails", "webhook": "Webhooks"}

REASONS = {
    "bounce": "its mailbox refused a mail",
    "complaint": "a mail was reported as spam",
    "unsubscribe": "unsubscribed from all forms",
    "operator": "added by an operator",
}
"""Reasons of suppressions in words."""

ROLE_WORDS = {
    "user": "user: works on forms that others share",
    "owner": "owner: may have forms and API keys",
    "operator": "operator: sees all forms and accounts",
}


def overview_page(cursor: str | None) -> dict[str, Any]:
    """Return health, backlog and failing webhooks."""
    report = health.health(details=True)
    failing = failures.list_failing(DEFAULT_LIMIT, cursor)
    return {
        "report": report,
        "checks": list(_checks(report["checks"])),
        "queues": [(CHANNELS[channel], *queue) for channel, queue in outbox.waiting_by_channel().items()],
        "overdue": outbox.backlog().oldest_seconds,
        "failing": failing.items,
        "next": failing.next,
    }


def accounts_page(caller: Caller, cursor: str | None = None) -> dict[str, Any]:
    """Return accounts, newest first."""
    page = operators.list_accounts(caller, DEFAULT_LIMIT, cursor)
    return {"accounts": page.items, "next": page.next}


def account_page(account_id: uuid.UUID) -> dict[str, Any]:
    """Return one account."""
    roles = [(role, ROLE_WORDS[role]) for role in ROLES]
    return {"account": operators.get(account_id), "forms": names.count_owned(account_id), "roles": roles}


def suppressions_page(cursor: str | None = None) -> dict[str, Any]:
    """Return the addresses that get no mail, newest first."""
    page = suppressions.list_page(DEFAULT_LIMIT, cursor)
    return {"suppressions": [_shown(row) for row in page.items], "next": page.next}


def _checks(checks: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, words in CHECKS.items():
        yield words, checks[name]
    yield from checks["external_services"]["services"].items()


def _shown(row: Suppression) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "reason": REASONS[row.reason],
        "detail": row.detail,
        "created_at": row.created_at,
    }
