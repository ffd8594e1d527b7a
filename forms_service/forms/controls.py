"""Controls of a hosted page."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from forms_service.config import settings
from forms_service.form_schema.field_types import FIELD_TYPES, choice_values, is_filled, is_ticked
from forms_service.form_schema.field_types.patterns import html_pattern
from forms_service.form_schema.special_fields import RESERVED
from forms_service.forms.accept_names import describe_types
from forms_service.languages.formats import format_size
from forms_service.languages.sentences import N_
from forms_service.validation.label_links import split_links, strip_links
from forms_service.web.languages import current_language, translated

DEFAULT_FIELDS = (
    {"name": "name", "type": "text", "label": N_("Your name")},
    {"name": "email", "type": "email", "label": N_("Your e-mail address"), "required": True},
    {"name": "message", "type": "textarea", "label": N_("Your message"), "required": True},
)
UP_TO = N_("Up to {size}.")
TYPES_UP_TO = N_("{types}, up to {size}.")
OPENS_A_TAB = N_("(opens in a new tab)")

AUTOCOMPLETE = {
    "name": "name",
    "full_name": "name",
    "fullname": "name",
    "first_name": "given-name",
    "firstname": "given-name",
    "last_name": "family-name",
    "lastname": "family-name",
    "company": "organization",
    "organisation": "organization",
    "organization": "organization",
    "street": "street-address",
    "address": "street-address",
    "postcode": "postal-code",
    "zip": "postal-code",
    "city": "address-level2",
    "country": "country-name",
}
"""Field name → `autocomplete` token (WCAG 1.3.5)."""

LOCAL_DATETIME = re.compile(r"[0-9-]{10}|(?:[0-9-]{10}T)?[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
"""The server checks bounds with an offset."""

MAX_PAGE_SIZE = 2 * 2**20
"""Bytes."""

BYTES_OF_CONTROL = 500
BYTES_OF_LINK = 150
BYTES_OF_CHOICE = 45
BYTES_OF_BOX = 175
"""Markup without the owner's texts."""

LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}<span class="unseen"> {}</span></a>')
MIN_TEXTAREA_LENGTH = 80
MAX_GUESSED_FIELDS = 100


@dataclass(frozen=True)
class Control:
    id: str
    name: str
    kind: str
    """Input type, `textarea`, `select` or `checkboxes`."""

    label: str

    help: str | None
    required: bool
    attributes: Mapping[str, Any]
    choices: Sequence[tuple[str, str]]
    values: tuple[str, ...]

    errors: Sequence[str] = field(default=())

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def label_html(self) -> Markup:
        return _render_links(self.label)

    @property
    def help_html(self) -> Markup:
        return _render_links(self.help or "")

    @property
    def plain_label(self) -> str:
        return strip_links(self.label)

    @property
    def first_id(self) -> str:
        return f"{self.id}-1" if self.is_grouped else self.id

    @property
    def is_grouped(self) -> bool:
        return self.kind in ("radio", "checkboxes")


def build_controls(
    fields: Sequence[Mapping[str, Any]], values: Mapping[str, Any], errors: Mapping[str, Sequence[str]]
) -> list[Control]:
    return [
        Control(
            id=f"field-{number}",
            name=definition["name"],
            kind=FIELD_TYPES[definition["type"]].control,
            label=definition.get("label", definition["name"]),
            help=_help(definition),
            required=definition.get("required", False),
            attributes=_attributes(definition),
            choices=_choices(definition),
            values=_values(definition, values.get(definition["name"])),
            errors=errors.get(definition["name"], ()),
        )
        for number, definition in enumerate(fields, start=1)
    ]


def default_fields() -> list[dict[str, Any]]:
    """Return the fields of a page without fields or values."""
    return [{**definition, "label": translated(str(definition["label"]))} for definition in DEFAULT_FIELDS]


def estimate_page_size(fields: Sequence[Mapping[str, Any]]) -> int:
    """Return the maximum, for empty controls."""
    return sum(map(_size_of_control, fields))


def _size_of_control(definition: Mapping[str, Any]) -> int:
    name, kind = _size_of(definition["name"]), FIELD_TYPES[definition["type"]].control
    texts = ("label", "help", "pattern", "accept")
    links = sum(str(definition.get(text, "")).count("](") for text in ("label", "help"))
    size: int = BYTES_OF_CONTROL + 4 * name + 2 * sum(_size_of(definition.get(text, "")) for text in texts)
    size += BYTES_OF_LINK * links
    choice_size = BYTES_OF_CHOICE if kind == "select" else BYTES_OF_BOX + name
    return size + sum(choice_size + _size_of(value) + _size_of(text) for value, text in _choices(definition))


def _size_of(text: Any) -> int:
    return len(escape(str(text)).encode())


def guess_fields(values: Mapping[str, Any], files: Collection[str] = ()) -> list[dict[str, Any]]:
    """Guess from a submission to a form without any."""
    fields: list[dict[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, str) and name and name not in RESERVED and len(fields) < MAX_GUESSED_FIELDS:
            field_type = (
                "textarea" if "\n" in value or len(value) > MIN_TEXTAREA_LENGTH or name == "message" else "text"
            )
            fields.append({"name": name, "type": field_type, "label": _humanize(name)})
    text_names = {field["name"] for field in fields}
    return fields + [
        {"name": name, "type": "file", "label": _humanize(name)} for name in files if name not in text_names
    ]


def _humanize(name: str) -> str:
    return re.sub("[_-]+", " ", name).strip().capitalize() or name


def _attributes(definition: Mapping[str, Any]) -> dict[str, Any]:
    field_type = definition["type"]
    attributes: dict[str, Any] = {
        "minlength": definition.get("min_length") or None,
        "maxlength": definition.get("max_length"),
        "pattern": html_pattern(definition.get("pattern", "")) or None,
        "min": _html_bound(definition.get("min")),
        "max": _html_bound(definition.get("max")),
        "accept": definition.get("accept"),
        "autocomplete": AUTOCOMPLETE.get(definition["name"].lower()) if field_type == "text" else None,
        "step": {"number": "any", "integer": "1"}.get(field_type),
        "inputmode": {"number": "decimal", "integer": "numeric"}.get(field_type),
    }
    if field_type in ("email", "tel"):
        attributes["autocomplete"] = field_type
    if field_type == "textarea":
        attributes["pattern"] = None
    return {name: value for name, value in attributes.items() if value is not None}


def _html_bound(bound: Any) -> Any:
    return bound if not isinstance(bound, str) or LOCAL_DATETIME.fullmatch(bound) else None


def _help(definition: Mapping[str, Any]) -> str | None:
    texts = [definition.get("help", "")]
    if definition["type"] == "file":
        types = describe_types(definition.get("accept", ""), current_language())
        size = format_size(max_file_size(definition), current_language())
        limit = translated(TYPES_UP_TO if types else UP_TO).format(types=types, size=size)
        texts.append(limit[0].upper() + limit[1:])
    return " ".join(text for text in texts if text) or None


def max_file_size(definition: Mapping[str, Any]) -> int:
    """Return the limit in bytes."""
    limit: int = min(definition.get("max_size", settings.max_file_size), settings.max_file_size)
    return limit


def _render_links(text: str) -> Markup:
    # a new tab, so that nothing filled in is lost
    pieces = (
        LINK.format(url, words, translated(OPENS_A_TAB)) if url else escape(words) for words, url in split_links(text)
    )
    return Markup("").join(pieces)


def _choices(definition: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = [choice["label"] if isinstance(choice, dict) else choice for choice in definition.get("choices", ())]
    return list(zip(choice_values(definition), labels, strict=True))


def _values(definition: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    if definition["type"] in ("checkbox", "consent"):
        return ("on",) if is_ticked(value) else ()
    texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return tuple(filter(is_filled, texts)) or tuple(texts)
