"""Values of the pages of recipients and mails."""

import uuid
from collections.abc import Mapping
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console import condition_rows
from forms_service.errors import NotFoundError
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.notifications.recipients import service as recipients
from forms_service.validation.timezones import zone_names
from forms_service.web.pagination import MAX_LIMIT

FREQUENCIES = {
    "instant": "a mail for each submission, at once",
    "hourly": "a digest every hour",
    "daily": "a digest every day",
    "weekly": "a digest every week",
}
CONTENTS = {
    "full": "everything that was filled in",
    "summary": "a summary: one line of each answer",
    "none": "only that something came",
}
FILES = {
    "link": "as links; by name for others than the owner",
    "attach": "attached, up to 5 MiB in all",
    "none": "left out",
}
STATUSES = {
    "active": "gets mails",
    "pending": "waiting for the click in the mail",
    "unsubscribed": "has unsubscribed",
    "suppressed": "gets no mail",
}
LOOKS = {"active": "good", "pending": "warn", "unsubscribed": "", "suppressed": "bad"}
"""Class of a status's badge."""

PENDING = "The address has to confirm by the link in the mail that it got. Until then nothing is sent to it."
UNSUBSCRIBED = "Only they can take that back, on the page behind the last mail's link to unsubscribe."
OWNER_UNSUBSCRIBED = "The owner can take that back here, or on the page behind the last mail's link to unsubscribe."
SUPPRESSIONS = {
    "bounce": "Its mailbox refused a mail. If it is spelt right, ask the operator to allow mails to it again.",
    "complaint": "Its reader reported a mail as spam. Ask them; if they want mails, the operator can allow them again.",
    "unsubscribe": "Its reader has stopped the mails of all forms. If they want them again, ask the operator.",
    "operator": "The operator has stopped mails to it. Ask them why.",
}
NO_ADDRESS = "Its address or conditions cannot be decrypted. Remove it and add it again, or ask the operator."

REPLY = {
    "subject": "We got your message ({reference})",
    "text": "Hello,\n\nthank you for your message. We answer soon.",
    "copy": False,
}
DOUBLE_OPT_IN = {
    "subject": "Please confirm: {form}",
    "text": "Hello,\n\nplease open this link and press the button there, so that we get what you sent:\n\n{link}",
}
"""Texts to begin with."""


def notifications_page(form_id: str, caller: Caller) -> dict[str, Any]:
    """Return the values of the page.

    :raises AuthorizationError: for a role below manager
    """
    form = forms.get(form_id, caller, access.MANAGER)
    items = recipients.list_recipients(form_id, caller, MAX_LIMIT, None).items
    return {
        "form": form,
        "recipients": [_described(item, form, caller) for item in items],
        "quota": recipients.MAX_RECIPIENTS,
        "frequencies": FREQUENCIES,
        "placeholders": _placeholders(form),
        "first_reply": REPLY,
        "first_opt_in": DOUBLE_OPT_IN,
    }


def recipient_page(form_id: str, caller: Caller, recipient_id: uuid.UUID | None = None) -> dict[str, Any]:
    """Return the values of the page of a recipient, or of a new one.

    :raises NotFoundError: if the form has no such recipient
    """
    form = forms.get(form_id, caller, access.MANAGER)
    recipient = _find(form_id, caller, recipient_id) if recipient_id else None
    return {
        "form": form,
        "recipient": _described(recipient, form, caller) if recipient else None,
        "choices": {"frequency": FREQUENCIES, "content": CONTENTS, "files": FILES},
        "zones": zone_names(),
        "conditions": condition_rows,
    }


def ask_again(form_id: str, caller: Caller, recipient_id: uuid.UUID) -> str:
    """Add a recipient again, and return the status.

    That mails one who has not confirmed, and lets an owner take an unsubscription back.

    :raises NotFoundError: if the form has no such recipient
    """
    added = recipients.add(form_id, caller, {"email": _find(form_id, caller, recipient_id)["email"]})
    return str(added["status"])


def change(form_id: str, caller: Caller, recipient_id: uuid.UUID, body: Mapping[str, Any]) -> None:
    """Change a recipient of this form.

    :raises NotFoundError: if the form has no such recipient
    """
    _find(form_id, caller, recipient_id)
    recipients.change(recipient_id, caller, body)


def remove(form_id: str, caller: Caller, recipient_id: uuid.UUID) -> None:
    """Remove a recipient of this form.

    :raises NotFoundError: if the form has no such recipient
    """
    _find(form_id, caller, recipient_id)
    recipients.remove(recipient_id, caller)


def _find(form_id: str, caller: Caller, recipient_id: uuid.UUID) -> dict[str, Any]:
    items = recipients.list_recipients(form_id, caller, MAX_LIMIT, None).items
    recipient = next((item for item in items if item["id"] == recipient_id), None)
    if recipient is None:
        raise NotFoundError()
    return recipient


def _described(item: Mapping[str, Any], form: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    status = item["status"]
    is_own = item["is_owner"] and form["owner_id"] == caller.account_id
    may_ask = status == "pending" or (status == "unsubscribed" and is_own)
    return {
        **item,
        "shown_status": STATUSES[status],
        "look": LOOKS[status],
        "advice": NO_ADDRESS if item.get("unreadable") else _advice(item),
        "again": {"pending": "Send the mail again", "unsubscribed": "Get mails again"}[status] if may_ask else None,
        "conditions": condition_rows.in_words(item["when"], form["fields"]),
    }


def _advice(item: Mapping[str, Any]) -> str:
    if item["status"] == "suppressed":
        return SUPPRESSIONS[item["suppressed_reason"]]
    unsubscribed = OWNER_UNSUBSCRIBED if item["is_owner"] else UNSUBSCRIBED
    return {"pending": PENDING, "unsubscribed": unsubscribed}.get(item["status"], "")


def _placeholders(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = [(field["name"], field.get("label") or "") for field in form["fields"]]
    return [*names, ("reference", "reference of the submission"), ("form", "name of the form")]
