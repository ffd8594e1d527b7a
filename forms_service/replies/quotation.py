"""Visitors' answers in mails to other people: text only, with links that no mail program makes clickable."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from forms_service.form_schema.field_types import choice_labels
from forms_service.form_schema.text_templates import FORM, GENERAL, REFERENCE, close_gaps, fill, find_unknown_names
from forms_service.forms.cache import PublishedForm
from forms_service.submissions.parsed_submission import as_text

MAX_ANSWER_LENGTH = 2000
MAX_TEXT_LENGTH = 50_000
"""Characters of a filled text."""

SCHEME = re.compile(r"://")
DOT = re.compile(r"(?<=[^\s.])[.\u3002\uff0e\uff61](?=[^\W\d_]{2})|(?<=www)\.", re.IGNORECASE)
"""A dot as in a host name, in all of its spellings (UTS 46); not those of 3.14 or of an abbreviation."""

Fields = Sequence[Mapping[str, Any]]


def disarm(text: str) -> str:
    """Break links apart: `https[:]//www[.]example[.]com`."""
    return DOT.sub("[.]", SCHEME.sub("[:]//", text))


def quote_answers(fields: Fields, data: Mapping[str, Any], address: str) -> dict[str, str]:
    """Return name → disarmed answer; the person's own address stays as it is."""
    labels = {field["name"]: choice_labels(field) for field in fields if field.get("choices")}
    answers = {name: _as_text(value, labels.get(name, {})) for name, value in data.items()}
    return {name: text if text == address else disarm(text) for name, text in answers.items()}


def fill_template(template: str, form: PublishedForm, reference: str, answers: Mapping[str, str]) -> str:
    """Fill in reference, form and answers; an answer that is not there leaves nothing."""
    missing = dict.fromkeys(find_unknown_names(template, ()), "")
    general = {REFERENCE: reference, FORM: form.name}
    defined = GENERAL & set(form.types)
    values = {**missing, **answers, **{name: text for name, text in general.items() if name not in defined}}
    values = {**dict.fromkeys(defined, ""), **values}
    return fill(close_gaps(template, values), values)[:MAX_TEXT_LENGTH]


def _as_text(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, list):
        value = [labels.get(item, item) if isinstance(item, str) else item for item in value]
    text = labels.get(value, value) if isinstance(value, str) else as_text(value)
    return text if len(text) <= MAX_ANSWER_LENGTH else f"{text[:MAX_ANSWER_LENGTH]}…"
