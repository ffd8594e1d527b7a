"""Events whose payload is stored: the last ones of a submission, and tests."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from forms_service.database.types import now
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.forms.cache import PublishedForm, get_published_form
from forms_service.submissions.console_urls import submission_url
from forms_service.submissions.events import DELETED, WITHDRAWN, SubmissionEvent
from forms_service.validation.references import reference_of
from forms_service.webhooks.formats.payloads import Event
from forms_service.webhooks.samples import SUBMISSION_ID, SampleForm, sample_event

LAST_EVENTS = (DELETED, WITHDRAWN)
"""Nothing can be loaded at send time, and the submission's erasure must not delete them."""

ANY_FORM = SampleForm("AbCdEfGh12345678", "Contact", 1)
"""In the sample of a webhook for all forms."""


def store_last_event(webhook_id: uuid.UUID | None, event: SubmissionEvent) -> dict[str, Any]:
    """Return the payload of a submission's last event: nothing that a person typed."""
    return {
        "webhook_id": str(webhook_id),
        "type": event.type,
        "at": now().isoformat(),
        "form_id": event.form.id,
        "submission_id": str(event.submission_id),
    }


def store_test(webhook_id: uuid.UUID, event_type: str, form_id: str | None) -> dict[str, Any]:
    """Return the payload of a test."""
    return {"webhook_id": str(webhook_id), "type": event_type, "test": True, "form_id": form_id}


def read_stored_event(values: Mapping[str, Any]) -> Event:
    """Return the event of a stored payload."""
    if values.get("test"):
        return make_sample(values["type"], find_form(values["form_id"]))
    form = find_form(values["form_id"])
    submission_id = uuid.UUID(values["submission_id"])
    return Event(
        type=values["type"],
        timestamp=datetime.fromisoformat(values["at"]),
        form_id=values["form_id"],
        form_name=form.name if form else "",
        submission_id=str(submission_id),
        reference=reference_of(submission_id),
    )


def make_sample(event_type: str, form: PublishedForm | None) -> Event:
    """Return the event that a test sends."""
    sample_form = SampleForm(form.id, form.name, form.version, form.fields) if form else ANY_FORM
    event = replace(sample_event(sample_form, submission_url(SUBMISSION_ID)), type=event_type)
    if event_type in LAST_EVENTS:
        return replace(event, submission=None, lines=(), values={}, files=(), link="")
    return event


def find_form(form_id: str | None) -> PublishedForm | None:
    """Return a form, None if it is gone or cannot be read."""
    try:
        return get_published_form(form_id) if form_id else None
    except (NotFoundError, ServiceUnavailableError):
        return None
