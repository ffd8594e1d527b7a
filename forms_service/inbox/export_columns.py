"""Columns of an export: submitted or defined field names."""

import json
from collections.abc import Iterator, KeysView, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from typing import Any

from sqlalchemy import select

from forms_service.extensions import db
from forms_service.form_schema.field_types import nfc
from forms_service.forms.models import FormVersion
from forms_service.inbox.cells import Cell, as_field_text, as_labels, to_typed_cell
from forms_service.validation.label_links import strip_links

FIXED = ("id", "reference", "created_at", "status", "read")

MAX_NAMES = 1000
"""Further names share the last column."""

REST = "other fields"

FIXED_WIDTHS = (38, 13, 20, 12, 8)
MIN_WIDTH, MAX_WIDTH = 10, 60
"""Characters."""


@dataclass(frozen=True)
class Column:
    """Choices with labels add a column of values."""

    label: str
    kind: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def headings(self, shown: str) -> tuple[str, ...]:
        return (shown, f"{shown} (value)") if self.labels else (shown,)

    def cells(self, value: Any, zone: tzinfo | None) -> tuple[Cell, ...]:
        if self.labels:
            return (as_labels(self.labels, value, self.kind), as_field_text(self.kind, value))
        return (to_typed_cell(self.kind, value, zone) if zone else as_field_text(self.kind, value),)


class Columns:
    """Scanned from submissions; if `truncated`, some names have none."""

    def __init__(self, declared: Mapping[str, Column]) -> None:
        self._columns = dict(islice(declared.items(), MAX_NAMES))
        self._widths: dict[str, int] = {}
        self.truncated = False

    def add_names(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name not in self._columns:
                if len(self._columns) >= MAX_NAMES:
                    self.truncated = True
                    continue
                self._columns[name] = Column(name)
            if isinstance(value, str):
                self._widths[name] = max(self._widths.get(name, 0), min(len(value), MAX_WIDTH))

    def covers(self, names: KeysView[str]) -> bool:
        # submissions that arrive during the export may have new names
        return self.truncated or names <= self._columns.keys()

    def headings(self) -> list[str]:
        labels = [*FIXED, REST, *(column.label for column in self._columns.values())]
        shown: list[str] = []
        for name, column in self._columns.items():
            label = column.label
            shown += column.headings(label if labels.count(label) == 1 else f"{label} ({name})")
        return [*shown, REST] if self.truncated else shown

    def widths(self) -> list[int]:
        seen: list[int] = []
        for name, column in self._columns.items():
            seen += [self._widths.get(name, 0)] * len(column.headings(""))
        seen += [MAX_WIDTH] if self.truncated else []
        padded = [max(width, len(heading)) + 2 for width, heading in zip(seen, self.headings(), strict=True)]
        return [*FIXED_WIDTHS, *(max(MIN_WIDTH, min(width, MAX_WIDTH)) for width in padded)]

    def cells(self, values: Mapping[str, Any], zone: tzinfo | None = None) -> list[Cell]:
        """Return cells after FIXED, typed if a zone is given."""
        row = [cell for name, column in self._columns.items() for cell in column.cells(values.get(name), zone)]
        if self.truncated:
            rest = {name: value for name, value in values.items() if name not in self._columns}
            row.append(json.dumps(rest, ensure_ascii=False) if rest else "")
        return row


def declared_columns(form_id: str) -> dict[str, Column]:
    """Return name → column, by each field's newest version."""
    query = select(FormVersion.fields).where(FormVersion.form_id == form_id).order_by(FormVersion.number.desc())
    definitions: dict[str, dict[str, Any]] = {}
    labels: dict[str, dict[str, str]] = {}
    for fields in db.session.scalars(query):
        for definition in fields:
            name = definition["name"]
            definitions.setdefault(name, definition)
            for value, label in _labelled_choices(definition):
                labels.setdefault(name, {}).setdefault(value, label)
    return {
        name: Column(strip_links(definition.get("label") or name), definition["type"], labels.get(name, {}))
        for name, definition in definitions.items()
    }


def _labelled_choices(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for choice in definition.get("choices", ()):
        if isinstance(choice, dict):
            yield nfc(choice["value"]), choice["label"]
