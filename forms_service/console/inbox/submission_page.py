"""Values of the page of a submission."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.forms import service as forms
from forms_service.forms.access import MANAGER, includes
from forms_service.inbox import service as inbox
from forms_service.languages.formats import format_size
from forms_service.notifications.deliveries import service as deliveries
from forms_service.notifications.mail_values import labelled_texts, labels_of, texts_of
from forms_service.notifications.recipients import service as recipients
from forms_service.submissions.email_addresses import reply_to
from forms_service.web.pagination import MAX_LIMIT

KINDS = {
    "submission": "notification",
    "reply": "automatic reply",
    "opt_in": "request to confirm",
}
"""Kinds of mails in words; events of webhooks have names that owners know."""


def open_submission(submission_id: uuid.UUID, caller: Caller, *, mark_read: bool) -> dict[str, Any]:
    """Return the page's values, and mark the submission as read, unless an operator looks at another owner's.

    :raises NotFoundError: also for another owner's
    """
    submission = inbox.get(submission_id, caller)
    form_id = submission["form_id"]
    form = forms.get(form_id, caller)
    if mark_read and not submission["read"] and form["owner_id"] == caller.account_id:
        submission = inbox.change(submission_id, caller, {"read": True})
    fields = forms.get_version(form_id, submission["form_version"], caller)["fields"]
    labels = labels_of(fields)
    return {
        "submission": submission,
        "form": form,
        "sent_at": datetime.fromisoformat(submission["created_at"]),
        "sender": reply_to(fields, submission["data"], submission["control"]),
        "lines": labelled_texts(labels, texts_of(fields, submission["data"]), submission["control"]),
        "files": [_shown_file(file, labels) for file in submission["files"]],
        "deliveries": _shown_deliveries(submission_id, form_id, caller) if includes(form["role"], MANAGER) else [],
    }


def _shown_file(file: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    return {**file, "label": labels.get(file["field"], file["field"]), "shown_size": format_size(file["size"])}


def _shown_deliveries(submission_id: uuid.UUID, form_id: str, caller: Caller) -> list[dict[str, Any]]:
    targets = {item["id"]: item["email"] for item in recipients.list_recipients(form_id, caller, MAX_LIMIT, None).items}
    rows: Sequence[dict[str, Any]] = deliveries.list_of_submission(submission_id, caller)
    return [
        {
            **row,
            "name": KINDS.get(row["kind"], row["kind"]),
            "target": targets.get(row.get("recipient_id")),
            "last": row["attempts"][-1] if row["attempts"] else None,
        }
        for row in rows
    ]
