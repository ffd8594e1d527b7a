"""Shows multiselect values as lists where older versions stored text."""

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_

from forms_service.extensions import db
from forms_service.forms.models import FormVersion
from forms_service.submissions.serialization import to_json

MAX_REMEMBERED = 2000
"""Form versions, which never change."""

Version = tuple[str, int]


class Multiselects(NamedTuple):
    """Multiselect fields of a version; `as_text` finds stored text."""

    names: tuple[str, ...]
    as_text: re.Pattern[str] | None


_remembered: dict[Version, Multiselects] = {}


def load_multiselects(versions: Collection[Version]) -> dict[Version, Multiselects]:
    """Return multiselects by version, with one query at most."""
    known = {version: _remembered[version] for version in versions if version in _remembered}
    missing = [version for version in versions if version not in known]
    if missing:
        query = select(FormVersion.form_id, FormVersion.number, FormVersion.fields)
        rows = db.session.execute(query.where(tuple_(FormVersion.form_id, FormVersion.number).in_(missing)))
        for form_id, number, fields in rows:
            known[form_id, number] = _multiselects(
                [field["name"] for field in fields if field["type"] == "multiselect"]
            )
        if len(_remembered) + len(missing) > MAX_REMEMBERED:
            _remembered.clear()
        _remembered.update(known)
    return known


def choices_as_lists(data: str, multiselects: Multiselects | None) -> str:
    """Return JSON data with these fields as lists."""
    if multiselects is None or multiselects.as_text is None or not multiselects.as_text.search(data):
        return data
    values: dict[str, Any] = json.loads(data)
    for name in multiselects.names:
        if isinstance(values.get(name), str):
            values[name] = [values[name]] if values[name] else []
    return to_json(values)


def _multiselects(names: Sequence[str]) -> Multiselects:
    keys = "|".join(re.escape(to_json(name)) for name in names)
    return Multiselects(tuple(names), re.compile(rf'(?:{keys})\s*+:\s*+"') if names else None)
