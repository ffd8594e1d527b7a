"""Forms and queries of the pages of webhooks, as the API's bodies: the API's schemas check them."""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from forms_service.console.condition_rows import parse_conditions, row_numbers
from forms_service.errors import ApiError
from forms_service.submissions.events import CREATED, EVENTS
from forms_service.validation.base import Schema
from forms_service.validation.primitives import Identifier, OneOf
from forms_service.web.json_reader import read_json
from forms_service.web.pagination import QueryInteger
from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.management.own_headers import OwnHeaders
from forms_service.webhooks.management.schemas import NewWebhook, WebhookChanges

HEADER = re.compile(r"headers\.([0-9]{1,4})\.name")
MAX_COUNT = 1_000_000


def webhook_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's body: conditions and headers of rows, the template as JSON.

    Other formats than `custom` leave a stored template as it is.
    """
    events = values.get("events", [])
    template = {"template": _template(values.get("template"))} if values.get("format") == "custom" else {}
    return {
        **template,
        **{name: values[name] for name in ("url", "format") if name in values},
        "description": values.get("description") or None,
        "events": [events] if isinstance(events, str) else events,
        "headers": _headers(values),
        "when": parse_conditions(values),
    }


def header_rows(values: Mapping[str, Any], stored: list[str]) -> list[dict[str, Any]]:
    """Return the rows of headers, as typed if the form was refused, else as stored: values are never shown again."""
    if values:
        rows = _typed_headers(values)
        return [{**row, "is_stored": row["name"] in stored} for row in rows if row["name"] or row["value"]]
    return [{"name": name, "value": "", "remove": False, "is_stored": True} for name in stored]


def _typed_headers(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": str(values[f"headers.{number}.name"]).strip(),
            "value": str(values.get(f"headers.{number}.value", "")),
            "remove": f"headers.{number}.remove" in values,
            "is_kept": f"headers.{number}.stored" in values,
        }
        for number in row_numbers(values, HEADER)
    ]


def _headers(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return a merge patch: a stored header without a new value stays as it is."""
    headers: dict[str, str | None] = {}
    for row in _typed_headers(values):
        if row["name"] in headers:  # as JSON cannot say it twice
            raise ma.ValidationError({"headers": {row["name"]: [OwnHeaders().field_error("repeated")]}})
        if row["remove"]:
            headers[row["name"]] = None
        elif row["value"] or (row["name"] and not row["is_kept"]):
            headers[row["name"]] = row["value"]
    return headers


def _template(text: object) -> Any:
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return read_json(text.encode())
    except ApiError:
        return text  # the format says that it is no JSON


class WebhookForm(WebhookChanges):
    """The form that changes a webhook."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return webhook_body(values)


class NewWebhookForm(NewWebhook):
    """The form that makes one."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return webhook_body(values)


class SwitchForm(WebhookChanges):
    """The button that switches a webhook on or off."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        action = values.get("action")  # a repeated one is a list
        return {"enabled": {"on": True, "off": False}.get(action) if isinstance(action, str) else None}


class PageQuery(Schema):
    """Query of the page of a webhook: a test whose answer is awaited, and how many deliveries are due again."""

    test = Identifier(load_default=None)
    retried = QueryInteger(0, MAX_COUNT, load_default=None)


class SampleQuery(Schema):
    """Query of the page of samples."""

    event = OneOf(EVENTS, load_default=CREATED)
    format = OneOf(tuple(FORMATS), load_default="standard")
