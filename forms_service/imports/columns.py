"""Maps columns of a file to fields of a form, and their texts to the fields' values."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forms_service.form_schema.field_names import truncate_name
from forms_service.form_schema.field_types import nfc
from forms_service.form_schema.special_fields import ROLES, Role
from forms_service.forms.cache import PublishedForm
from forms_service.validation.text import fold_case, normalize_unicode
from forms_service.web.form_data import make_storable

MAX_SHOWN_COLUMNS = 200
SEPARATOR = re.compile(r"\s*[,;|\n]\s*")
UNUSED = "no such field; this form keeps only its own"
NOT_DATA = "made for a form service, not for people"


@dataclass
class Column:
    """Use of one column of the file."""

    field: str | None
    reason: str = ""
    """Why it is not taken."""

    is_defined: bool = True
    """Whether the form defines the field."""

    is_control: bool = False


@dataclass
class Columns:
    """Decides for each column, once."""

    form: PublishedForm
    chosen: Mapping[str, str] = field(default_factory=dict)
    seen: dict[str, Column] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    """Filled-in values by column."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.chosen.values() if name and name not in self.form.names.defined]
        if unknown and self.form.fields:
            raise ValueError(f"The form has no field {', '.join(unknown)}. It has: {', '.join(self.form.types)}")
        labels = [(_key(str(field.get("label") or "")), field["name"]) for field in self.form.fields]
        count = Counter(label for label, _ in labels)
        self._by_label = {label: name for label, name in labels if label and count[label] == 1}
        self._by_name = {_key(name): name for name in self.form.types}
        self._choices = {item["name"]: Choices(item) for item in self.form.fields if "choices" in item}

    def column(self, name: str) -> Column:
        if name not in self.seen:
            column = self._decide(name)
            if len(self.seen) >= 100 * MAX_SHOWN_COLUMNS:
                return column  # JSON with names made up by a program
            self.seen[name] = column
        return self.seen[name]

    def convert(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[tuple[str, str, Any]]]:
        """Return data, control, and values not taken with column and reason."""
        data: dict[str, Any] = {}
        control: dict[str, str] = {}
        not_taken = []
        for name, value in values.items():
            if value is None or value in ("", [], {}):
                continue
            self.used[name] += 1
            column = self.column(name)
            if column.field is None:
                not_taken.append((name, column.reason, value))
            elif column.is_control:
                control[column.field] = str(nfc(make_storable(value)))
            else:
                _add(data, column.field, self._value(column.field, make_storable(value)))
        return data, control, not_taken

    def unmatched(self) -> list[str]:
        """Return the chosen columns that the file does not have."""
        return [name for name in self.chosen if name not in self.seen]

    def _decide(self, name: str) -> Column:
        if name in self.chosen:
            chosen = self.chosen[name]
            is_defined = chosen in self.form.names.defined
            return Column(chosen or None, "left out by --map", is_defined=is_defined)
        defined = self._defined_name(name)
        if defined:
            return Column(defined)
        role = ROLES.get(name)
        if role in (Role.MAIL, Role.CONTROL, Role.REDIRECT):
            return Column(name, is_defined=False, is_control=True)
        if role or name == self.form.settings.honeypot:
            return Column(None, NOT_DATA)
        if self.form.fields and self.form.settings.unknown_fields != "keep":
            return Column(None, UNUSED)
        return Column(truncate_name(normalize_unicode(make_storable(name))), is_defined=False)

    def _defined_name(self, name: str) -> str | None:
        known = self.form.names.defined_name(name)
        key = _key(name)
        return known if known in self.form.names.defined else self._by_label.get(key) or self._by_name.get(key)

    def _value(self, name: str, value: Any) -> Any:
        return self._choices[name].read(value) if name in self._choices else value


class Choices:
    """Finds the choices of a field in texts, by value or label."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._is_multiple = definition["type"] == "multiselect"
        pairs = [
            (choice["value"], choice["label"]) if isinstance(choice, dict) else (choice, choice)
            for choice in definition["choices"]
        ]
        labels = {_key(label): value for value, label in pairs}
        self._values = labels | {_key(value): value for value, _ in pairs}
        longest_first = sorted(self._values, key=len, reverse=True)
        self._listed = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?=\s*(?:[,;|\n]|\Z))")

    def read(self, value: Any) -> Any:
        """Return defined values; what is no choice stays as it is."""
        if isinstance(value, list):
            return [self._known(item) for item in value]
        if not isinstance(value, str):
            return value
        known = self._values.get(_key(value))
        if known is not None or not self._is_multiple:
            return value if known is None else [known] if self._is_multiple else known
        return self._split(value)

    def _known(self, item: Any) -> Any:
        return self._values.get(_key(item), item) if isinstance(item, str) else item

    def _split(self, text: str) -> Any:
        # choices may hold commas: the longest that fits is taken
        key, position, values = _key(text), 0, []
        while position < len(key):
            match = self._listed.match(key, position)
            if match is None:
                return text
            values.append(self._values[match[0]])
            separator = SEPARATOR.match(key, match.end())
            position = separator.end() if separator else len(key)
        return values


def _add(data: dict[str, Any], name: str, value: Any) -> None:
    if name not in data:
        data[name] = value
        return
    before: Sequence[Any] = data[name] if isinstance(data[name], list) else [data[name]]
    data[name] = [*before, *(value if isinstance(value, list) else [value])]


def _key(text: str) -> str:
    return " ".join(fold_case(text).split())
