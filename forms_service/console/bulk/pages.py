"""Values of the page that changes everything that a filter matches."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console.inbox.schemas import CHANGES, DELETE, Listing
from forms_service.database.types import now
from forms_service.forms import service as forms
from forms_service.inbox import bulk, undo
from forms_service.submissions.queries import Filter

PLACES = {"inbox": "the inbox", "archived": "the archive", "spam": "spam", "unconfirmed": "unconfirmed"}

DONE = {
    "read": "marked as read",
    "unread": "marked as unread",
    "inbox": "moved to the inbox",
    "archive": "archived",
    "spam": "moved to spam",
    DELETE: "deleted",
}
"""Action → participle."""


def question_values(form_id: str, caller: Caller, listing: Listing) -> dict[str, Any]:
    """Return the values of the page that asks.

    :raises AuthorizationError: for a role that may not change submissions
    """
    before = now()
    count = bulk.count_matching(form_id, caller, _until(listing.criteria, before))
    return _shown(form_id, caller, listing) | {"count": count, "before": before.isoformat(), "step": None}


def step_values(form_id: str, caller: Caller, listing: Listing, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the page after a step.

    :raises ValidationError: for an unconfirmed submission that would be moved to the inbox or the archive
    """
    action, before = body["action"], body["before"]
    changes = CHANGES.get(action, {"delete": True})
    step = bulk.run(form_id, caller, _until(listing.criteria, before), changes, body["cursor"])
    done = body["done"] + step.count
    return _shown(form_id, caller, listing) | {
        "step": step,
        "action": action,
        "participle": DONE[action],
        "before": before.isoformat(),
        "done": done,
        "total": done + step.left,
        "token": undo.sign(step.act, caller) if step.act and step.act.previous else None,
    }


def _shown(form_id: str, caller: Caller, listing: Listing) -> dict[str, Any]:
    statuses = listing.criteria.status
    return {
        "form": forms.get(form_id, caller),
        "listing": listing,
        "folder": statuses[0] if len(statuses) == 1 else "",
        "where": " and ".join(PLACES[status] for status in statuses),
    }


def _until(criteria: Filter, before: datetime) -> Filter:
    return replace(criteria, until=min(criteria.until or before, before))
