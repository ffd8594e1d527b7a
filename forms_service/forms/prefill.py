"""Values of a hosted page's fields from its URL: `/f/{id}?email=ann@example.com`."""

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from forms_service.form_schema.field_types import choice_values
from forms_service.validation.whitespace import is_blank
from forms_service.web.recovery import PASSWORD

MAX_LENGTH = 2000
"""Characters; longer values are ignored."""

NEVER = ("consent", "file")
"""Consent is given by the visitor alone."""


def prefill(fields: Sequence[Mapping[str, Any]], query: MultiDict[str, str]) -> dict[str, Any]:
    """Return name → value; names that the form does not define are ignored."""
    values: dict[str, Any] = {}
    for definition in fields:
        name = definition["name"]
        if name not in query:
            continue
        texts = query.getlist(name)
        if definition["type"] == "hidden":
            values[name] = texts[0]
        elif definition["type"] not in NEVER and not PASSWORD.search(name):
            fitting = _fitting(definition, texts)
            if fitting:
                values[name] = fitting
    return values


def _fitting(definition: Mapping[str, Any], texts: Sequence[str]) -> list[str]:
    choices = choice_values(definition)
    if choices:
        chosen = [text for text in dict.fromkeys(texts) if text in choices]
        return chosen if definition["type"] == "multiselect" else chosen[:1]
    longest = min(definition.get("max_length", MAX_LENGTH), MAX_LENGTH)
    return [text for text in texts[:1] if len(text) <= longest and not is_blank(text)]
