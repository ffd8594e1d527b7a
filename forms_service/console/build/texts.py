"""A field's definition as the texts of the editor's inputs, and back without loss. Pure."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forms_service.form_schema.definition import RULES
from forms_service.form_schema.field_types import FIELD_TYPES

GENERAL = ("type", "label", "name", "help", "required")
"""Properties of every type; the others are its rules."""

PROPERTIES = (*GENERAL, *RULES)
NUMERIC = ("number", "integer")
SEPARATOR = " | "
"""Between the text of a choice and the value that is stored for it."""

NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
MAX_DIGITS = 300
SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*(bytes|kb|mb|gb)?", re.IGNORECASE)
UNITS = {"bytes": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30}


def shown_properties(field_type: str) -> tuple[str, ...]:
    """Return the properties that the editor shows for a type, which may be one that it does not know."""
    known = FIELD_TYPES.get(field_type)
    return (*GENERAL, *(known.rules if known else ()))


def texts_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return property → text of its input."""
    return {name: _format(name, definition[name]) for name in PROPERTIES if name in definition}


def read_definition(texts: Mapping[str, str], origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition that the texts stand for.

    What the editor did not change or does not show stays as it is in `origin`, the definition that it started from.
    """
    field_type, before = texts.get("type", ""), texts_of(origin)
    shown = shown_properties(field_type)
    is_retyped = field_type != before.get("type")
    result = {name: value for name, value in origin.items() if not (is_retyped and name in RULES and name not in shown)}
    for name in shown:
        text = texts.get(name, "")
        if text == before.get(name, ""):
            continue
        if text.strip():
            result[name] = _parse(name, text, field_type, origin)
        else:
            result.pop(name, None)
    return result


def _format(name: str, value: Any) -> str:
    if name == "choices" and isinstance(value, list):
        return "\n".join(map(_choice_line, value))
    if name == "max_size" and isinstance(value, int):
        return _format_size(value)
    if name == "required":
        return "true" if value is True else ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parse(name: str, text: str, field_type: str, origin: Mapping[str, Any]) -> Any:
    if name == "choices":
        return _parse_choices(text, origin.get("choices", ()))
    if name in ("min", "max"):
        return _parse_number(text.strip()) if field_type in NUMERIC else text.strip()
    if name == "pattern":
        return text
    parse: Callable[[str], Any] = PARSERS.get(name, _one_line)
    return parse(text.strip())


def _choice_line(choice: Any) -> str:
    if isinstance(choice, Mapping):
        return f"{choice.get('label')}{SEPARATOR}{choice.get('value')}"
    return str(choice)


def _parse_choices(text: str, before: Sequence[Any]) -> list[Any]:
    known = {_choice_line(choice): choice for choice in before}
    return [known.get(line) or _parse_choice(line) for line in text.split("\n") if line.strip()]


def _parse_choice(line: str) -> Any:
    label, _, value = map(str.strip, line.rpartition(SEPARATOR))
    return {"value": value, "label": label} if label and value else line.strip()


def _parse_number(text: str) -> Any:
    # another text is refused by the schema, which says why
    if not NUMBER.fullmatch(text) or len(text) > MAX_DIGITS:
        return text
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _parse_count(text: str) -> Any:
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS else text


def _parse_size(text: str) -> Any:
    match = SIZE.fullmatch(text.replace(",", "."))
    return round(float(match[1]) * UNITS[(match[2] or "mb").lower()]) if match else text


def _format_size(count: int) -> str:
    for unit, size in (("MB", UNITS["mb"]), ("kB", UNITS["kb"])):
        if count and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count} bytes"


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "required": lambda _: True,
    "min_length": _parse_count,
    "max_length": _parse_count,
    "max_size": _parse_size,
}
"""The others are one line of text."""
