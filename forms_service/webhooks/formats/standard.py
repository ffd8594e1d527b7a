"""Standard Webhooks: type, timestamp and the submission as the API shows it."""

from collections.abc import Mapping
from typing import Any

from forms_service.submissions.serialization import to_json
from forms_service.webhooks.formats.base import Format, Target, webhook_format
from forms_service.webhooks.formats.json_limits import Cutter
from forms_service.webhooks.formats.payloads import Event, Payload, format_timestamp

MAX_BODY = 20_000
"""Bytes, as the specification recommends."""


@webhook_format("standard")
class StandardFormat(Format):
    """For programs."""

    def render(self, event: Event, target: Target) -> Payload:
        body = _encode(event, _data(event))
        if len(body) <= MAX_BODY:
            return Payload(body)
        return Payload(_encode(event, _cut(event)))


def _data(event: Event) -> Mapping[str, Any]:
    if event.submission is not None:
        return event.submission
    return {"id": event.submission_id, "reference": event.reference, "form_id": event.form_id}


def _encode(event: Event, data: Mapping[str, Any]) -> bytes:
    message = {"type": event.type, "timestamp": format_timestamp(event.timestamp), "data": data}
    return to_json(message).encode("utf-8", "replace")


def _cut(event: Event) -> dict[str, Any]:
    notice = {"truncated": True, "dropped": 0, "url": event.link}
    room = MAX_BODY - len(_encode(event, notice)) - MAX_COUNT
    cutter = Cutter()
    data: dict[str, Any] = cutter.fit(_data(event), room)
    return {**data, **notice, "dropped": cutter.dropped}


MAX_COUNT = 10
"""Digits of the number of dropped values."""
