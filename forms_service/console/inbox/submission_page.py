"""Values of the page of a submission."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import url_for

from forms_service.accounts.guards import Caller
from forms_service.console.inbox.list_page import folder_values, list_around
from forms_service.console.inbox.schemas import Listing
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.inbox import folders
from forms_service.inbox import service as inbox
from forms_service.inbox.file_views import may_be_shown
from forms_service.languages.formats import format_size
from forms_service.notifications.deliveries import service as deliveries
from forms_service.notifications.mail_values import labelled_texts, labels_of, texts_of
from forms_service.notifications.recipients import service as recipients
from forms_service.submissions.email_addresses import reply_to
from forms_service.virus_scanner.clamd import INFECTED
from forms_service.web.pagination import MAX_LIMIT

KINDS = {
    "submission": "notification",
    "reply": "automatic reply",
    "opt_in": "request to confirm",
}
"""Kinds of mails in words; events of webhooks have names that owners know."""

OWNERS = (access.OWNER, access.OPERATOR)
"""Roles whose people page holds this form."""

READERS = (access.EDITOR, access.MANAGER, access.OWNER)
"""Roles for whom a submission is read once they open it: not a viewer, who may change nothing, nor an operator."""


def open_submission(
    submission_id: uuid.UUID, caller: Caller, listing: Listing, *, is_seen: bool, is_alone: bool
) -> dict[str, Any]:
    """Return the page's values, and mark the submission as read if its form's people have seen it.

    With `is_alone` there is no list: the browser has it already.

    :raises NotFoundError: also for another owner's
    """
    submission = inbox.get(submission_id, caller)
    form_id = submission["form_id"]
    form = forms.get(form_id, caller)
    if is_seen and not submission["read"] and form["role"] in READERS:
        submission = inbox.change(submission_id, caller, {"read": True})
    listing = place(listing, submission)
    fields = form["fields"]
    if submission["form_version"] != form["version"]:
        fields = forms.get_version(form_id, submission["form_version"], caller)["fields"]
    labels = labels_of(fields)
    sent_at = datetime.fromisoformat(submission["created_at"])
    if is_alone:
        beside = folder_values(form, caller, listing) | {"rows": [], "next": None}
    else:
        beside = list_around(form, caller, listing, submission)
    return beside | {
        "submission": submission,
        "sent_at": sent_at,
        "sender": reply_to(fields, submission["data"], submission["control"]),
        "lines": labelled_texts(labels, texts_of(fields, submission["data"]), submission["control"]),
        "files": [_shown_file(file, labels) for file in submission["files"]],
        "deliveries": _shown_deliveries(submission_id, form, caller),
        "opt_in": _shown_opt_in(submission),
        "people_url": url_for("console_people.find") if form["role"] in OWNERS else None,
        "neighbours": folders.find_neighbours(form_id, caller, listing.criteria, (sent_at, submission_id)),
    }


def place(listing: Listing, submission: Mapping[str, Any]) -> Listing:
    """Return the list that a submission is shown beside: without a filter, that of its folder."""
    if not listing.is_default:
        return listing
    status = submission["status"]
    params = {**listing.params, "status": status} if status != "inbox" else listing.params
    return replace(listing, criteria=replace(listing.criteria, status=(status,)), params=params)


def next_row(submission: Mapping[str, Any], caller: Caller, listing: Listing) -> str | None:
    """Return the id of the row that gets the focus once a submission has left the list."""
    position = (datetime.fromisoformat(submission["created_at"]), uuid.UUID(submission["id"]))
    neighbours = folders.find_neighbours(submission["form_id"], caller, listing.criteria, position)
    row = neighbours.older or neighbours.newer
    return str(row) if row else None


def _shown_opt_in(submission: Mapping[str, Any]) -> dict[str, Any] | None:
    proof = submission.get("opt_in")
    times = ("asked_at", "confirmed_at")
    return proof and {**proof, **{name: proof[name] and datetime.fromisoformat(proof[name]) for name in times}}


def _shown_file(file: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        **file,
        "label": labels.get(file["field"], file["field"]),
        "shown_size": format_size(file["size"]),
        "view": file["scan"] != INFECTED and may_be_shown(file["content_type"]),
    }


def _shown_deliveries(submission_id: uuid.UUID, form: Mapping[str, Any], caller: Caller) -> list[dict[str, Any]]:
    rows: Sequence[dict[str, Any]] = deliveries.list_of_submission(submission_id, caller)
    if not rows:  # as for those who may not see them
        return []
    targets = {
        item["id"]: item["email"] for item in recipients.list_recipients(form["id"], caller, MAX_LIMIT, None).items
    }
    return [
        {
            **row,
            "name": KINDS.get(row["kind"], row["kind"]),
            "target": targets.get(row.get("recipient_id")),
            "last": row["attempts"][-1] if row["attempts"] else None,
        }
        for row in rows
    ]
