"""Conditions on the values of a submission, such as "topic is Sales"."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.validation.base import MAX_NAME_LENGTH, Schema
from forms_service.validation.primitives import BoundedList, SingleLine

ONE_OPERATOR = FieldError("Give exactly one of is, is_not, contains and in.", "one_operator")

MAX_CONDITIONS = 20
MAX_VALUES = 100
MAX_VALUE_LENGTH = 500
MAX_CHARACTERS = 4000
"""Of all names and values together: conditions are in memory with their form."""

TOO_LONG = FieldError(f"The conditions have more than {MAX_CHARACTERS} characters in all.", "too_long")

MAX_COMPARED = 20_000
"""Characters of a submitted value, whose conditions may be many; of a list, no item begins behind them."""

MAX_ITEMS = 1000
"""Of a submitted list."""

OPERATORS: Mapping[str, Callable[[Collection[str], Any], bool]] = {
    "is": lambda values, expected: expected in values,
    "is_not": lambda values, expected: expected not in values,
    "contains": lambda values, expected: any(expected in value for value in values),
    "in": lambda values, expected: any(value in expected for value in values),
}
"""On folded values: a multiselect has several, a missing field one empty one."""


class ConditionSchema(Schema):
    """A field, and exactly one comparison; case and surrounding spaces are ignored."""

    field = SingleLine(MAX_NAME_LENGTH, required=True, metadata={"description": "Name of the field."})
    is_ = SingleLine(MAX_VALUE_LENGTH, data_key="is", metadata={"description": "The value is this."})
    is_not = SingleLine(MAX_VALUE_LENGTH, metadata={"description": "The value is not this."})
    contains = SingleLine(MAX_VALUE_LENGTH, metadata={"description": "The value contains this."})
    in_ = BoundedList(
        SingleLine(MAX_VALUE_LENGTH), MAX_VALUES, data_key="in", metadata={"description": "The value is one of these."}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_operator(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data) != 2:
            raise ma.ValidationError([ONE_OPERATOR], "is")

    @ma.post_load
    def _rename(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name.rstrip("_"): value for name, value in data.items()}


class ConditionList(BoundedList):
    """Conditions that must all hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ma.fields.Nested(ConditionSchema), MAX_CONDITIONS, allow_none=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        conditions = super()._deserialize(value, attr, data, **kwargs)
        if sum(len(text) for condition in conditions for part in condition.values() for text in _parts(part)) > (
            MAX_CHARACTERS
        ):
            raise ma.ValidationError([TOO_LONG])
        return conditions


def _parts(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def matches(conditions: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> bool:
    """Whether all conditions hold."""
    folded: dict[str, list[str]] = {}  # once, however many conditions a field has
    for condition in conditions:
        name = condition["field"]
        if name not in folded:
            folded[name] = _folded_values(data.get(name))
        if not _holds(condition, folded[name]):
            return False
    return True


def find_unknown_fields(conditions: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[int, str]:
    """Return position → name of fields that the form does not define."""
    return {number: entry["field"] for number, entry in enumerate(conditions) if entry["field"] not in names}


def find_conflicts(
    fields: Sequence[Mapping[str, Any]], conditions: Sequence[Mapping[str, Any]] | None
) -> dict[str, list[FieldError]]:
    """Return the errors of conditions on fields that the form does not define; a form without fields has any."""
    names = [field["name"] for field in fields]
    unknown = find_unknown_fields(conditions or (), names) if names else {}
    return {
        f"when.{number}.field": [FieldError(f"The form has no field {name}.", "unknown_field")]
        for number, name in unknown.items()
    }


def _holds(condition: Mapping[str, Any], values: Collection[str]) -> bool:
    return all(
        compare(values, frozenset(map(_fold, expected)) if isinstance(expected, list) else _fold(expected))
        for name, compare in OPERATORS.items()
        if (expected := condition.get(name)) is not None
    )


def _folded_values(value: Any) -> list[str]:
    items = value[:MAX_ITEMS] if isinstance(value, list) and value else [value]
    values: list[str] = []
    left = MAX_COMPARED
    for item in items:
        if left <= 0:
            break
        values.append(_fold(_text(item)))
        left -= len(values[-1])
    return values


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _fold(text: str) -> str:
    return text[:MAX_COMPARED].strip().casefold()
