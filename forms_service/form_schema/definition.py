"""Schema of a field definition, and checks across the fields of a form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.field_types import FIELD_TYPES, choice_values, nfc
from forms_service.form_schema.field_types.patterns import MAX_PATTERN_LENGTH, Pattern, PatternMemoryError
from forms_service.form_schema.special_fields import RESERVED
from forms_service.validation.base import MAX_NAME_LENGTH, CodedField, Messages, Schema
from forms_service.validation.primitives import BoundedInteger, BoundedList, OneOf, SingleLine, StrictBoolean

MAX_LABEL_LENGTH = 500
MAX_HELP_LENGTH = 2000
MAX_CHOICE_LENGTH = 500
MAX_ACCEPT_LENGTH = 1000
MAX_CHOICES = 1000
MAX_LENGTH = 1_000_000
MAX_FILE_SIZE = 2**40
RULES = ("min_length", "max_length", "min", "max", "pattern", "choices", "accept", "max_size")
"""Supported only by some types."""

TYPES_WITH_CHOICES = tuple(name for name, kind in FIELD_TYPES.items() if "choices" in kind.rules)


class Name(SingleLine):
    """A field name that is not reserved."""

    default_error_messages: Messages = {"reserved": "This name is reserved. Choose another."}

    def _checked(self, value: str) -> str:
        if value in RESERVED:
            raise self.make_error("reserved")
        return value


class Expression(SingleLine):
    """An RE2 pattern."""

    default_error_messages: Messages = {
        "invalid_pattern": "Invalid pattern (RE2 syntax): {reason}.",
        "too_much_memory": "The patterns of this form need too much memory. Use fewer, or repeat less.",
    }

    def _checked(self, value: str) -> str:
        try:
            Pattern(value)
        except PatternMemoryError as error:
            raise self.make_error("too_much_memory") from error
        except ValueError as error:
            raise self.make_error("invalid_pattern", reason=error) from error
        return value


class Bound(CodedField):
    """A number, or a date or time as text."""

    default_error_messages: Messages = {"invalid_bound": "Must be a number, or a date or time as a string."}
    json_schema = {"type": ["number", "string"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.make_error("invalid_bound")
        return value


class Accept(SingleLine):
    """Extensions and media types, as in HTML's `accept`."""

    default_error_messages: Messages = {
        "invalid_accept": "Must be comma-separated extensions or media types, such as .pdf, image/*."
    }

    def _checked(self, value: str) -> str:
        if not all(_is_file_type(entry.strip()) for entry in value.split(",")):
            raise self.make_error("invalid_accept")
        return value


class ValueWithLabel(Schema):
    """A choice whose label differs from its value."""

    value = SingleLine(MAX_CHOICE_LENGTH, required=True)
    label = SingleLine(MAX_LABEL_LENGTH, required=True)


class Choice(CodedField):
    """A string, or `value` and `label`."""

    default_error_messages: Messages = {"invalid": "Must be a string, or an object with value and label."}
    json_schema = {
        "anyOf": [
            {"type": "string", "minLength": 1, "maxLength": MAX_CHOICE_LENGTH},
            {
                "type": "object",
                "properties": {
                    "value": {"type": "string", "minLength": 1, "maxLength": MAX_CHOICE_LENGTH},
                    "label": {"type": "string", "minLength": 1, "maxLength": MAX_LABEL_LENGTH},
                },
                "required": ["value", "label"],
                "additionalProperties": False,
            },
        ]
    }
    _text = SingleLine(MAX_CHOICE_LENGTH)
    _object = ValueWithLabel()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return self._text.deserialize(value)
        if isinstance(value, dict):
            return self._object.load(value)
        raise self.make_error("invalid")


class Field(Schema):
    """A field of a form. Its type determines which rules it supports."""

    name = Name(
        MAX_NAME_LENGTH, required=True, metadata={"description": "The name under which its value is submitted."}
    )
    type = OneOf(tuple(FIELD_TYPES), required=True)
    label = SingleLine(MAX_LABEL_LENGTH, metadata={"description": "Shown to visitors; defaults to the name."})
    help = SingleLine(MAX_HELP_LENGTH, metadata={"description": "Help text below the label."})
    required = StrictBoolean()
    min_length = BoundedInteger(0, MAX_LENGTH, metadata={"description": "In characters, for text types."})
    max_length = BoundedInteger(1, MAX_LENGTH, metadata={"description": "In characters, for text types."})
    min = Bound(metadata={"description": "Minimum: a number; for date, time and datetime a string of that type."})
    max = Bound(metadata={"description": "Maximum, likewise."})
    pattern = Expression(
        MAX_PATTERN_LENGTH,
        metadata={"description": "RE2, matched against the whole value, which then has at most 2,000 characters."},
    )
    choices = BoundedList(
        Choice(), MAX_CHOICES, min_items=1, metadata={"description": "Required for select, radio and multiselect."}
    )
    accept = Accept(MAX_ACCEPT_LENGTH, metadata={"description": "For file: as in HTML, such as `.pdf, image/*`."})
    max_size = BoundedInteger(
        1, MAX_FILE_SIZE, metadata={"description": "For file: in bytes, up to the service's limit."}
    )

    @ma.validates_schema(skip_on_field_errors=False, pass_original=True)
    def _check_together(self, data: dict[str, Any], original: Any, **_: Any) -> None:
        field_type = FIELD_TYPES.get(data.get("type", ""))
        if field_type is None:
            return
        errors: dict[str, list[FieldError]] = {
            rule: [FieldError(f"Fields of type {field_type.type_name} do not support {rule}.", "unfit")]
            for rule in RULES
            if rule in original and rule not in field_type.rules
        }
        rules = {rule: data[rule] for rule in field_type.rules if rule in data}
        for path, error in (*_check_order(field_type, rules), *_check_choices(field_type, rules, original)):
            errors.setdefault(path, []).append(error)
        if errors:
            raise ma.ValidationError(errors)


def duplicate_names(fields: Sequence[Any]) -> dict[int, dict[str, list[FieldError]]]:
    """Return index → errors of repeated names."""
    seen: set[str] = set()
    errors = {}
    for index, field in enumerate(fields):
        name = field.get("name") if isinstance(field, Mapping) else None
        if isinstance(name, str) and name in seen:
            errors[index] = {"name": [FieldError("Another field already has this name.", "duplicate")]}
        elif isinstance(name, str):
            seen.add(name)
    return errors


def _check_order(field_type: Any, rules: Mapping[str, Any]) -> Iterator[tuple[str, FieldError]]:
    bounds = {}
    for rule in ("min", "max"):
        try:
            if rule in rules:
                bounds[rule] = _parse_bound(field_type, rules[rule])
        except ValueError:
            yield rule, FieldError(f"Not a valid value for a field of type {field_type.type_name}.", "invalid_bound")
    if len(bounds) == 2 and bounds["min"] > bounds["max"]:
        yield "max", FieldError("Must not be less than min.", "too_small")
    if rules.get("min_length", 0) > rules.get("max_length", MAX_LENGTH):
        yield "max_length", FieldError("Must not be less than min_length.", "too_small")


def _parse_bound(field_type: Any, value: Any) -> Any:
    if "number" in field_type.control and isinstance(value, str):
        raise ValueError("not a number")
    return field_type.bound(value)


def _check_choices(
    field_type: Any, rules: Mapping[str, Any], original: Mapping[str, Any]
) -> Iterator[tuple[str, FieldError]]:
    if field_type.type_name not in TYPES_WITH_CHOICES:
        return
    if "choices" not in original:
        yield "choices", FieldError("This field is required.", "required")
    valid = [choice for choice in rules.get("choices", ()) if isinstance(choice, str) or "value" in choice]
    values = nfc(choice_values({"choices": valid}))
    if len(set(values)) < len(values):
        yield "choices", FieldError("Choices must be unique.", "duplicate")


def _is_file_type(entry: str) -> bool:
    if entry.startswith("."):
        return len(entry) > 1 and entry[1:].replace(".", "").isalnum()
    main, slash, sub = entry.partition("/")
    return bool(slash) and all(part and part.replace("*", "x").isascii() and " " not in part for part in (main, sub))
