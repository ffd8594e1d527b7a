"""Conditions of recipients and webhooks as rows of a form: field, comparison, value."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from forms_service.form_schema.conditions import MAX_CONDITIONS
from forms_service.form_schema.field_types import choice_labels, choice_values

OPERATORS = {"is": "is", "is_not": "is not", "contains": "contains", "in": "is one of"}
"""In words, by the API's name."""

PARTS = ("field", "operator", "value")
NAME = re.compile(r"when\.([0-9]{1,4})\.(?:field|operator|value)")
SPARE_ROWS = 3
"""Empty rows; with scripts a button adds them instead."""

MAX_HINTS = 30
"""Values of a choice that are listed."""

Values = Mapping[str, Any]
Rows = list[dict[str, Any]]


def parse_conditions(values: Values) -> list[dict[str, Any]] | None:
    """Return the API's `when` of a submitted form; the API's schema checks it."""
    return [_condition(row) for row in typed_rows(values)] or None


def typed_rows(values: Values) -> Rows:
    """Return the rows that are filled in, in order: their positions are those of the API's errors."""
    rows = [
        {part: _text(values.get(f"when.{number}.{part}")) for part in PARTS} for number in row_numbers(values, NAME)
    ]
    return [row for row in rows if row["field"].strip() or row["value"].strip()]


def row_numbers(values: Values, name: re.Pattern[str]) -> list[str]:
    """Return the rows' numbers in order, each as the names of its fields write it."""
    return sorted({match[1] for field in values if (match := name.fullmatch(field))}, key=int)


def rows_of(conditions: Sequence[Values] | None) -> Rows:
    """Return the rows of stored conditions."""
    return [
        {
            "field": condition["field"],
            "operator": operator,
            "value": value if isinstance(value, str) else "\n".join(value),
        }
        for condition in conditions or ()
        for operator, value in condition.items()
        if operator in OPERATORS
    ]


def shown_rows(values: Values, errors: Values, conditions: Sequence[Values] | None) -> Rows:
    """Return the rows of a form with their faults, and some empty ones: as typed if it was refused, else as stored."""
    rows = typed_rows(values) if values else rows_of(conditions)
    spare = max(0, min(SPARE_ROWS, MAX_CONDITIONS - len(rows)))
    rows += [{"field": "", "operator": "is", "value": ""} for _ in range(spare)]
    return [{**row, "faults": _faults(errors, number)} for number, row in enumerate(rows)]


def field_options(fields: Sequence[Values], rows: Rows) -> list[tuple[str, str]]:
    """Return names and labels to choose from; none for a form that takes any field."""
    labels = {field["name"]: _label(field) for field in fields if field["type"] != "file"}
    if not labels:
        return []
    gone = {row["field"]: f"{row['field']} (not in the form)" for row in rows if row["field"]}
    return list(({**gone, **labels} if set(gone) - set(labels) else labels).items())


def value_hints(fields: Sequence[Values]) -> list[tuple[str, str]]:
    """Return labels and stored values of the fields with choices: conditions compare values, not labels."""
    return [(_label(field), _listed(field)) for field in fields if field.get("choices")]


def in_words(conditions: Sequence[Values] | None, fields: Sequence[Values]) -> list[tuple[str, str, str]]:
    """Return the field's label, the comparison and the value of each condition."""
    labels: dict[str, str] = {field["name"]: field.get("label") or field["name"] for field in fields}
    return [
        (labels.get(row["field"]) or row["field"], OPERATORS[row["operator"]], ", ".join(row["value"].split("\n")))
        for row in rows_of(conditions)
    ]


def _condition(row: Values) -> dict[str, Any]:
    operator, text = row["operator"], row["value"].replace("\r\n", "\n").strip("\n")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return {"field": row["field"], operator: lines or [text] if operator == "in" else text}


def _faults(errors: Values, number: int) -> dict[str, list[str]]:
    prefix = f"when.{number}."
    faults: dict[str, list[str]] = {"field": [], "value": []}
    for name, messages in errors.items():
        if name.startswith(prefix):
            faults["field" if name == f"{prefix}field" else "value"] += messages
    return faults


def _label(field: Values) -> str:
    label = field.get("label")
    return f"{label} ({field['name']})" if label and label != field["name"] else str(field["name"])


def _listed(field: Values) -> str:
    labels, names = choice_labels(field), choice_values(field)
    shown = [f"{name} ({labels[name]})" if labels.get(name, name) != name else name for name in names[:MAX_HINTS]]
    return " · ".join([*shown, "…"] if len(names) > MAX_HINTS else shown)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
