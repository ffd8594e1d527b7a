"""Loads the event of a webhook's request at send time, with the submission as it is now."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.delivery import payloads
from forms_service.delivery.payloads import MessageRef
from forms_service.forms.cache import PublishedForm, fields_of_version
from forms_service.notifications.mail_values import labels_of, texts_of
from forms_service.submissions.console_urls import file_url, submission_url
from forms_service.submissions.events import EVENTS
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import SubmissionRow, fetch, files_of
from forms_service.submissions.serialization import as_dict
from forms_service.validation.references import reference_of
from forms_service.webhooks.formats.payloads import Event, EventFile
from forms_service.webhooks.stored_events import LAST_EVENTS, find_form, read_stored_event


def init_app(app: Flask) -> None:
    """Register payloads, so that no submitted value is stored twice; those of the last events are stored."""
    for event_type in EVENTS:
        if event_type not in LAST_EVENTS:
            payloads.register(app, event_type, webhook_payload)


def webhook_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return the webhook and the event; None if nobody may read the submission."""
    for submission in fetch(select(Submission.id).where(Submission.id == message.about)):
        form = find_form(submission.form_id)
        if form and form.owner_active:
            payloads.require_readable(submission.data, submission.control)
            return {"webhook_id": str(message.target_id), "event": _build_event(message, form, submission)}
    return None


def read_event(values: Mapping[str, Any]) -> Event:
    """Return the event of a message's values."""
    event: Event | None = values.get("event")
    return event or read_stored_event(values)


def _build_event(message: MessageRef, form: PublishedForm, submission: SubmissionRow) -> Event:
    fields = fields_of_version(form, submission.form_version)
    labels, texts = labels_of(fields), texts_of(fields, json.loads(submission.data))
    files = files_of([submission]).get(submission.id, ())
    return Event(
        type=message.kind,
        timestamp=message.created_at,
        form_id=form.id,
        form_name=form.name,
        submission_id=str(submission.id),
        reference=reference_of(submission.id),
        link=submission_url(submission.id),
        submission=as_dict(submission, files),
        lines=[(labels.get(name, name), text) for name, text in texts.items()],
        # a field that was left empty fills in as nothing, and is no unknown placeholder
        values={**dict.fromkeys(labels, ""), **texts},
        files=[
            EventFile(labels.get(file.field, file.field), file.name, file.size, file_url(submission.id, file.number))
            for file in files
        ],
    )
