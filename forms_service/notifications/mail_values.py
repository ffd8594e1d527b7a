"""A submission's values as a mail shows them: in the form's order, under its labels."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from forms_service.form_schema.field_types import choice_labels
from forms_service.form_schema.special_fields import WORDS
from forms_service.validation.label_links import strip_links
from forms_service.validation.text import collapse_whitespace, strip_controls

MAX_LABEL_LENGTH = 150
MAX_VALUE_LENGTH = 20_000
"""Characters; the inbox shows all."""

MAX_MAIL_LENGTH = 100_000
MAX_SUMMARY_LENGTH = 80
"""Characters of a value in a summary."""

CUT = "… (truncated; the inbox has the full text)"
ZERO_WIDTH_JOINER = "\u200d"


def flatten(text: str, max_length: int) -> str:
    """Return one line of at most `max_length` characters; … shows that it was cut."""
    line = strip_controls(collapse_whitespace(text.lstrip()[: max_length * 4]))
    if len(line) <= max_length and len(text) <= max_length * 4:
        return line
    return line[: max_length - 1].rstrip(ZERO_WIDTH_JOINER + " ") + "…"


def labels_of(fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return name → label, in the form's order."""
    return {field["name"]: strip_links(field.get("label") or field["name"]) for field in fields}


def texts_of(fields: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> dict[str, str]:
    """Return name → text: the form's fields in its order, then what else was sent; choices by their labels."""
    choices = {field["name"]: choice_labels(field) for field in fields if field.get("choices")}
    names = dict.fromkeys(name for name in (*(field["name"] for field in fields), *data) if name in data)
    return {name: _text(data[name], choices.get(name, {})) for name in names}


def shown_lines(
    labels: Mapping[str, str], texts: Mapping[str, str], control: Mapping[str, Any], *, summary: bool
) -> list[list[str]]:
    """Return labels and texts, cut to what a mail holds."""
    cut = _summarize if summary else _cut
    return _cut_mail([[label, cut(text)] for label, text in labelled_texts(labels, texts, control)])


def labelled_texts(
    labels: Mapping[str, str], texts: Mapping[str, str], control: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return labels and texts, with the special fields that people write."""
    words = {name: control[name] for name in WORDS if control.get(name)}
    values = [*texts.items(), *words.items()]
    return [(flatten(labels.get(name, name), MAX_LABEL_LENGTH), text) for name, text in values]


def _text(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        items = [_text(item, labels) for item in value]
        return ("\n" if any("," in item or "\n" in item for item in items) else ", ").join(items)
    if isinstance(value, str):
        return labels.get(value, value)
    return json.dumps(value, ensure_ascii=False)


def _summarize(text: str) -> str:
    return flatten(text, MAX_SUMMARY_LENGTH)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE_LENGTH else text[:MAX_VALUE_LENGTH] + CUT


def _cut_mail(lines: Sequence[list[str]]) -> list[list[str]]:
    left = MAX_MAIL_LENGTH
    shown: list[list[str]] = []
    for label, text in lines:
        left -= len(label) + len(text)
        if left < 0:
            return [*shown, ["…", CUT]]
        shown.append([label, text])
    return shown
