"""Definitions of forms, made from those of other services."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from forms_service.form_schema.definition import (
    MAX_CHOICE_LENGTH,
    MAX_CHOICES,
    MAX_HELP_LENGTH,
    MAX_LABEL_LENGTH,
    TYPES_WITH_CHOICES,
)
from forms_service.form_schema.special_fields import RESERVED
from forms_service.submissions.email_addresses import is_address_field
from forms_service.validation.base import MAX_NAME_LENGTH
from forms_service.validation.text import collapse_whitespace, storable_text, strip_controls, strip_markup

MAX_DERIVED_NAME = 60
WORD_BREAKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Question:
    """A question as another service asks it."""

    type: str
    """Of our field."""

    label: str
    ids: tuple[object, ...] = ()
    name: str = ""
    """Wished for; else made from the label."""

    help: str = ""
    choices: Sequence[str] = ()
    required: bool = False
    rules: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Definition:
    """A form's name and fields, and sentences on what has no counterpart."""

    title: str = ""
    fields: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """The other service's id of a question → name of the field."""

    def add(self, question: Question) -> None:
        """Add a field, with a name of its own."""
        shown, rules, type_ = _line(question.label, MAX_LABEL_LENGTH), dict(question.rules), question.type
        if type_ in TYPES_WITH_CHOICES:
            offered = _offered(question.choices)
            if offered:
                rules["choices"] = offered
            else:
                self.left_out.append(f"{shown}: the choices; they are not in the file. It became a text field.")
                type_ = "text"
            if 0 < len(offered) < len(question.choices):
                self.left_out.append(f"{shown}: choices that are empty, repeated or beyond {MAX_CHOICES}.")
        defined = {
            "name": self._free_name(question.name if is_name(question.name) else _derived_name(question.name or shown)),
            "type": type_,
            "label": shown,
        }
        details = {"help": _line(question.help, MAX_HELP_LENGTH), "required": question.required, **rules}
        self.fields.append(
            {key: value for key, value in {**defined, **details}.items() if value != "" and value is not False}
        )
        self.names.update({str(id_): defined["name"] for id_ in question.ids if id_ is not None})

    def skip(self, label: object, kind: object, reason: str = "there is no such field here") -> None:
        self.left_out.append(f"{_line(label, MAX_LABEL_LENGTH) or kind} ({kind}): {reason}.")

    def _free_name(self, wished: str) -> str:
        used = {field["name"] for field in self.fields} | RESERVED
        numbered = (f"{wished}_{number}" for number in count(2))
        return wished if wished not in used else next(name for name in numbered if name not in used)


def from_columns(columns: Sequence[str], *, are_names: bool) -> Definition:
    """Make text fields of a header; column names stay field names where a page may already send them."""
    definition = Definition()
    for column in columns:
        if column in RESERVED:
            continue
        name = column if are_names and _is_clean(column) else _derived_name(column)
        kind = "email" if is_address_field(column) else "text"
        definition.add(Question(kind, column, (column,), name))
    return definition


def is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME_LENGTH and _is_clean(text)


def text_of(value: object) -> str:
    """Return text of a definition, without HTML."""
    return strip_markup(storable_text(value)) if isinstance(value, str) else ""


def as_list(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _derived_name(label: str) -> str:
    name = WORD_BREAKS.sub("_", label.casefold()).strip("_")[:MAX_DERIVED_NAME].strip("_")
    return name or "field"


def _is_clean(text: str) -> bool:
    return _line(text, MAX_NAME_LENGTH) == text


def _line(text: object, limit: int) -> str:
    flat = collapse_whitespace(strip_controls(collapse_whitespace(text_of(text))))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _offered(choices: Sequence[str]) -> list[str]:
    texts = (_line(choice, MAX_CHOICE_LENGTH) for choice in choices)
    return list(dict.fromkeys(filter(None, texts)))[:MAX_CHOICES]
