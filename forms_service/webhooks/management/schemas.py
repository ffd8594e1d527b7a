"""Request and response schemas of webhooks."""

from typing import Any

import marshmallow as ma

from forms_service.form_schema.conditions import ConditionList
from forms_service.submissions.events import CREATED, EVENTS
from forms_service.validation.base import Schema
from forms_service.validation.datetimes import DateOrDateTime
from forms_service.validation.primitives import BoundedList, OneOf, SingleLine, StrictBoolean
from forms_service.validation.urls import MAX_URL_LENGTH
from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.management.own_headers import OwnHeaders

MAX_DESCRIPTION_LENGTH = 200

URL = {
    "description": "https, or http where the operator's `OUTBOUND_ALLOW` names the host. Checked at every attempt.",
    "examples": ["https://hooks.example.com/forms"],
}
EVENTS_OF = {"description": "The events to send.", "uniqueItems": True, "examples": [["submission.created"]]}
WHEN = {
    "description": "Conditions on the submission, all of which must hold; null for every submission.",
    "examples": [[{"field": "topic", "is": "Sales"}]],
}
FORMAT = {"description": "The shape of the body; `custom` fills in `template`."}
TEMPLATE = {
    "description": "For `custom`: JSON whose strings may hold `{field}`, `{reference}` and `{form}`.",
    "examples": [{"summary": "{form}: {subject} ({reference})"}],
}
HEADERS = {
    "description": "Headers of your own, by name. Values are never shown again; null removes a header.",
    "examples": [{"X-Api-Key": "s3cret"}],
}


def _event() -> OneOf:
    return OneOf(EVENTS)


class WebhookChanges(Schema):
    """A patch of a webhook: `headers` are merged (RFC 7396), everything else is replaced."""

    url = SingleLine(MAX_URL_LENGTH, metadata=URL)
    description = SingleLine(MAX_DESCRIPTION_LENGTH, allow_none=True)
    events = BoundedList(_event(), len(EVENTS), 1, metadata=EVENTS_OF)
    when = ConditionList(metadata=WHEN)
    format = OneOf(tuple(FORMATS), metadata=FORMAT)
    template = ma.fields.Raw(allow_none=True, metadata=TEMPLATE)
    headers = OwnHeaders(metadata=HEADERS)
    enabled = StrictBoolean(metadata={"description": "True also clears `disabled_reason`."})


class NewWebhook(WebhookChanges):
    """A webhook to make."""

    url = SingleLine(MAX_URL_LENGTH, required=True, metadata=URL)
    description = SingleLine(MAX_DESCRIPTION_LENGTH, allow_none=True, load_default=None)
    events = BoundedList(_event(), len(EVENTS), 1, load_default=lambda: [CREATED], metadata=EVENTS_OF)
    when = ConditionList(load_default=None, metadata=WHEN)
    format = OneOf(tuple(FORMATS), load_default="standard", metadata=FORMAT)
    template = ma.fields.Raw(allow_none=True, load_default=None, metadata=TEMPLATE)
    headers = OwnHeaders(load_default=dict, metadata=HEADERS)
    enabled = StrictBoolean(load_default=True)


class WebhookShown(Schema):
    """A webhook without its secrets."""

    id = ma.fields.UUID(required=True)
    form_id = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Null for all forms of the account."}
    )
    url = ma.fields.String(
        required=True, metadata={"description": "Only the owner sees its path: services put tokens there."}
    )
    description = ma.fields.String(required=True, allow_none=True)
    events = ma.fields.List(ma.fields.String(metadata={"enum": list(EVENTS)}), required=True)
    when = ma.fields.List(ma.fields.Dict(), required=True, allow_none=True)
    format = ma.fields.String(required=True, metadata={"enum": list(FORMATS)})
    template = ma.fields.Raw(required=True, allow_none=True)
    headers = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "Names only."})
    enabled = ma.fields.Boolean(required=True)
    disabled_reason = ma.fields.String(required=True, allow_none=True)
    failing_since = ma.fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "Of the first failure since the last success."}
    )
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    unreadable = ma.fields.Boolean(
        metadata={"const": True, "description": "It cannot be decrypted and is not called. Delete it, or set it again."}
    )


class WebhookMade(WebhookShown):
    """A webhook with its new secret."""

    secret = ma.fields.String(
        required=True, metadata={"description": "Signs every request (Standard Webhooks). Shown only once."}
    )


class Rotated(Schema):
    """A new secret."""

    secret = ma.fields.String(required=True, metadata={"description": "Shown only once."})
    previous_secret_until = ma.fields.AwareDateTime(
        required=True, metadata={"description": "Until then, requests also carry a signature by the previous secret."}
    )


class TestEvent(Schema):
    """A test."""

    event = OneOf(EVENTS, load_default=CREATED)


class Queued(Schema):
    """A message in the outbox."""

    id = ma.fields.UUID(required=True, metadata={"description": "The delivery, of which `webhook-id` is made."})


class Retry(Schema):
    """Failed deliveries to retry."""

    since = DateOrDateTime(
        required=True,
        metadata={
            "description": "Deliveries that were given up since then; a date begins in UTC.",
            "examples": ["2026-11-24"],
        },
    )


class Retried(Schema):
    """Number of deliveries that are due again."""

    retried = ma.fields.Integer(required=True)


class SampleQuery(Schema):
    """Form, event and format of a sample."""

    form_id = ma.fields.String(load_default=None, metadata={"description": "One of your forms."})
    event = OneOf(EVENTS, load_default=CREATED)
    format = OneOf(tuple(name for name in FORMATS if name != "custom"), load_default="standard")


class Sample(Schema):
    """A request as a webhook would get it, without signature."""

    content_type = ma.fields.String(required=True)
    headers = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)
    body: ma.fields.Field[Any] = ma.fields.Raw(
        required=True, metadata={"description": "The JSON value, or text where the format is not JSON."}
    )
