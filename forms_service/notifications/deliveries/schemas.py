"""Request and response schemas of deliveries."""

import marshmallow as ma

from forms_service.delivery.models import CHANNELS, STATES
from forms_service.validation.base import Schema
from forms_service.validation.primitives import OneOf
from forms_service.web.pagination import PageQuery


class ListQuery(PageQuery):
    """Query of a list of deliveries."""

    state = OneOf(STATES, metadata={"description": "Only deliveries in this state."})
    channel = OneOf(CHANNELS, metadata={"description": "Only mails, or only webhooks."})


class Attempt(Schema):
    """One try to deliver."""

    at = ma.fields.AwareDateTime(required=True, metadata={"description": "When it ended."})
    outcome = ma.fields.String(
        required=True,
        metadata={
            "description": "`again`: it will be retried. `lost`: the worker was killed.",
            "enum": ["sent", "again", "failed", "suppressed", "lost"],
        },
    )
    status = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "HTTP status, or SMTP reply code."}
    )
    answer = ma.fields.String(required=True, metadata={"description": "The receiver's answer, up to 2 KiB."})
    duration = ma.fields.Integer(required=True, allow_none=True, metadata={"description": "Milliseconds."})


class Delivery(Schema):
    """A mail or webhook about a submission."""

    id = ma.fields.String(
        required=True,
        metadata={"format": "uuid", "description": "The same in every attempt: `webhook-id`, or in the Message-ID."},
    )
    channel = ma.fields.String(required=True, metadata={"enum": list(CHANNELS)})
    kind = ma.fields.String(required=True, metadata={"description": "The mail's template, or the event's type."})
    submission_id = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "uuid", "description": "Null for a test, and after a deletion."},
    )
    recipient_id = ma.fields.String(allow_none=True, metadata={"format": "uuid", "description": "Of mails."})
    webhook_id = ma.fields.String(allow_none=True, metadata={"format": "uuid", "description": "Of webhooks."})
    state = ma.fields.String(required=True, metadata={"enum": list(STATES)})
    next_attempt_at = ma.fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "While it is waiting."}
    )
    attempts = ma.fields.List(
        ma.fields.Nested(Attempt), required=True, metadata={"description": "Of the last 30 days, the oldest first."}
    )
