"""Answers to a form's choice fields, counted by decrypting submissions within a time limit."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from forms_service.encryption.associated_data import Unreadable
from forms_service.form_schema.field_types import choice_labels, choice_values, is_ticked, nfc
from forms_service.submissions.queries import Filter, SubmissionRow, batches

GENUINE = ("inbox", "archived")
"""Statuses that statistics count."""

MAX_SECONDS = 0.5
BOXES = ("checkbox", "consent")
TICKED, NOT_TICKED = "true", "false"
Fields = Sequence[Mapping[str, Any]]


def count_answers(form_id: str, fields: Fields, since: datetime, until: datetime) -> dict[str, Any]:
    """Count the newest submissions first, for MAX_SECONDS."""
    choice_fields = [field for field in fields if field["type"] in BOXES or "choices" in field]
    counts: dict[str, Counter[str]] = {field["name"]: Counter() for field in choice_fields}
    counted, complete, deadline = 0, True, time.monotonic() + MAX_SECONDS
    if choice_fields:
        for batch in batches(form_id, Filter(GENUINE, since, until)):
            if time.monotonic() > deadline:
                complete = False
                break
            _add(counts, choice_fields, batch)
            counted += len(batch)
    return {"fields": [_shown(field, counts) for field in choice_fields], "counted": counted, "complete": complete}


def _add(counts: Mapping[str, Counter[str]], fields: Fields, batch: Sequence[SubmissionRow]) -> None:
    for submission in batch:
        if isinstance(submission.data, Unreadable):
            continue
        data = json.loads(submission.data)
        for field in fields:
            counts[field["name"]].update(_values(field, data.get(field["name"])))


def _values(field: Mapping[str, Any], value: Any) -> Iterator[str]:
    if field["type"] in BOXES:
        yield TICKED if value is not None and is_ticked(value) else NOT_TICKED
        return
    texts = {text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text}
    choices = set(map(nfc, choice_values(field)))
    yield from texts & choices
    if texts - choices:
        yield ""  # of an earlier version of the form


def _shown(field: Mapping[str, Any], counts: Mapping[str, Counter[str]]) -> dict[str, Any]:
    count = counts[field["name"]]
    labels = {TICKED: "Yes", NOT_TICKED: "No"} if field["type"] in BOXES else _labels(field)
    return {
        "name": field["name"],
        "label": field.get("label") or field["name"],
        "choices": [{"value": value, "label": label, "count": count[value]} for value, label in labels.items()],
        "other": count[""],
    }


def _labels(field: Mapping[str, Any]) -> dict[str, str]:
    labels = choice_labels(field)
    return {value: labels.get(value, value) for value in map(nfc, choice_values(field))}
