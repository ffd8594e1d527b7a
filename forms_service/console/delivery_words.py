"""Deliveries in words that owners use."""

import uuid
from collections.abc import Mapping
from typing import Any

from forms_service.console.format_words import FORMATS
from forms_service.submissions.events import CONFIRMED, CREATED, DELETED, MARKED_SPAM, WITHDRAWN
from forms_service.validation.references import reference_of
from forms_service.webhooks.endpoints import host_of

EVENTS = {
    CREATED: "A submission reached the inbox",
    CONFIRMED: "A person confirmed it by double opt-in",
    MARKED_SPAM: "You marked it as spam",
    DELETED: "You deleted it",
    WITHDRAWN: "The person withdrew their consent",
}
KINDS = {
    "submission": "Notification",
    "reply": "Automatic reply",
    "opt_in": "Request to confirm",
    "webhook.test": "Test",
    CREATED: "New submission",
    CONFIRMED: "Confirmed",
    MARKED_SPAM: "Marked as spam",
    DELETED: "Deleted",
    WITHDRAWN: "Withdrawn",
}
STATES = {"waiting": "waiting", "sent": "delivered", "failed": "failed", "suppressed": "not sent"}
LOOKS = {"waiting": "warn", "sent": "good", "failed": "bad", "suppressed": ""}
"""Class of a state's badge."""

OUTCOMES = {
    "sent": "delivered",
    "again": "failed, is tried again",
    "failed": "failed, given up",
    "suppressed": "not sent",
    "lost": "interrupted, is tried again",
}
NAMELESS = "A webhook that cannot be decrypted"
TO_PEOPLE = ("reply", "opt_in")
"""Kinds of mails that the person who submitted gets once."""

RETRY = {"waiting": "Try now", "sent": "Send again", "failed": "Try again", "suppressed": "Try again"}


def describe(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """Add words, the reference of its submission and the button's label to a delivery."""
    submission_id: uuid.UUID | None = delivery["submission_id"]
    state, kind = delivery["state"], delivery["kind"]
    may_retry = submission_id is not None and not (state == "sent" and kind in TO_PEOPLE)
    return {
        **delivery,
        "name": KINDS.get(kind, kind),
        "reference": reference_of(submission_id) if submission_id else None,
        "shown_state": STATES[state],
        "look": LOOKS[state],
        "last": delivery["attempts"][-1] if delivery["attempts"] else None,
        "retry": RETRY[state] if may_retry else None,
    }


def name_of(webhook: Mapping[str, Any]) -> str:
    """Return a webhook's description, else its format and the host of its URL."""
    host = host_of(webhook["url"])
    return webhook["description"] or (f"{FORMATS[webhook['format']][0]} at {host}" if host else NAMELESS)
