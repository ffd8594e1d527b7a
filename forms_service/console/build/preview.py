"""The controls of a draft's hosted page, as far as it is valid."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forms_service.forms.controls import DEFAULT_FIELDS, Control, build_controls
from forms_service.forms.schemas import FormChanges
from forms_service.validation.base import errors_by_path

NEEDED = ("name", "type")


def preview_controls(fields: Sequence[Mapping[str, Any]]) -> list[Control] | None:
    """Return the controls without what the API would refuse; None if the page would be too long."""
    errors = errors_by_path(FormChanges().validate({"fields": fields}))
    if "fields" in errors:
        return None
    return build_controls(_valid_part(fields, errors) if fields else DEFAULT_FIELDS, {}, {})


def _valid_part(fields: Sequence[Mapping[str, Any]], paths: Iterable[str]) -> list[dict[str, Any]]:
    faulty = {tuple(path.split(".")[1:3]) for path in paths if path.startswith("fields.")}
    return [
        {key: value for key, value in field.items() if key in NEEDED or (str(number), key) not in faulty}
        for number, field in enumerate(fields)
        if (str(number), "type") not in faulty
    ]
