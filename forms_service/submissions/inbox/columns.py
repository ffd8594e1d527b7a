"""The table that an export makes of submissions: a column for every name that was ever sent or asked for."""

import json
from collections.abc import Iterable, KeysView, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import select

from forms_service.extensions import db
from forms_service.forms.models import FormVersion

FIRST = ("id", "created_at", "status", "read")
"""The columns that every export has, under these names."""

MOST_NAMES = 1000
"""Names with a column of their own; what was sent under further ones stands together in the last column."""

REST = "other fields"


class Columns:
    """The columns of a form's export, found out by looking at submissions; of bounded size.

    `full` says that there may be names which have no column of their own.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = dict(islice(labels.items(), MOST_NAMES))
        self.full = False

    def see(self, names: Iterable[str]) -> None:
        """Make room for these names."""
        for name in names:
            if name not in self._labels:
                if len(self._labels) < MOST_NAMES:
                    self._labels[name] = name
                else:
                    self.full = True

    def hold(self, names: KeysView[str]) -> bool:
        """Whether they have room for these; for what comes in while the export runs they may not."""
        return self.full or names <= self._labels.keys()

    def headings(self) -> list[str]:
        """What stands above the columns after FIRST: labels, with the name where a label alone would be ambiguous."""
        taken = [*FIRST, REST, *self._labels.values()]
        shown = [label if taken.count(label) == 1 else f"{label} ({name})" for name, label in self._labels.items()]
        return [*shown, REST] if self.full else shown

    def cells(self, values: Mapping[str, Any]) -> list[Any]:
        """What was sent, as the row's part after FIRST: text or a number for each column, empty where nothing was."""
        row = [_cell(values[name]) if name in values else "" for name in self._labels]
        if self.full:
            rest = {name: value for name, value in values.items() if name not in self._labels}
            row.append(json.dumps(rest, ensure_ascii=False) if rest else "")
        return row


def declared(form_id: str) -> dict[str, str]:
    """Name → newest label of every field that a version of the form had; those of the newest version first."""
    query = select(FormVersion.fields).where(FormVersion.form_id == form_id).order_by(FormVersion.number.desc())
    labels: dict[str, str] = {}
    for fields in db.session.scalars(query):
        for field in fields:
            labels.setdefault(field["name"], field.get("label") or field["name"])
    return labels


def _cell(value: Any) -> str | int | float:
    """A value as it is read; what is neither text nor number nor a list of such stays JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(str(_cell(item)) for item in value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)
