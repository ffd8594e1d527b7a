"""From the definition of a form to the schema that checks what is sent to it, built once for each version."""

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.field_types import FIELD_TYPES, FieldType, nfc
from forms_service.validation.base import MAX_NAME_LENGTH, UNKNOWN_FIELD, Schema

MAX_FIELDS = 500
"""Fields of one submission, and of one form."""

UNKNOWN_FIELDS = ("keep", "drop", "reject")

NAME_TOO_LONG = FieldError(f"Field names must have at most {MAX_NAME_LENGTH} characters.", "name_too_long")
TOO_MANY_FIELDS = FieldError(f"Send at most {MAX_FIELDS} fields.", "too_many_fields")


class FormSchema(Schema):
    """The fields of one version of a form; one without fields takes anything within bounds."""

    def __init__(self, field_types: Mapping[str, FieldType], unknown_fields: str) -> None:
        super().__init__()
        self.declared_fields = dict(field_types)
        self._init_fields()  # fields that no class declares: any name is good, "load" and "Meta" too
        self._field_types = dict(field_types)
        self._policy = unknown_fields if field_types else "keep"
        self.size = sum(field_type.size for field_type in field_types.values())
        """Bytes that its patterns may take in memory."""

        self._required = tuple(
            name for name, field_type in field_types.items() if field_type.required and field_type.type_name != "file"
        )

    def load(  # type: ignore[override]  # one form at a time, and always all of it
        self, data: Mapping[str, Any], *, many: None = None, partial: None = None, unknown: None = None
    ) -> dict[str, Any]:
        """What is kept of name → text, list of texts or JSON value, in the order in which it was sent.

        :raises marshmallow.ValidationError: with everything that is wrong, by name, in the order of the form
        """
        if len(data) > MAX_FIELDS:
            raise ma.ValidationError({ma.exceptions.SCHEMA: [TOO_MANY_FIELDS]})
        kept: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for name, value in data.items():
            field_type = self._field_types.get(name)
            try:
                if field_type:
                    kept[name] = field_type.deserialize(value)
                elif self._keeps(name):
                    kept[name] = nfc(value)
            except ma.ValidationError as error:
                faults[name] = error.messages
        for name in self._required:
            if name not in data:
                faults[name] = [self._field_types[name].fault("required")]
        if faults:
            raise ma.ValidationError({name: faults[name] for name in sorted(faults, key=self._position)})
        return kept

    def _keeps(self, name: str) -> bool:
        if self._policy == "drop":
            return False
        if self._policy == "reject":
            raise ma.ValidationError([UNKNOWN_FIELD])
        if len(name) > MAX_NAME_LENGTH:
            raise ma.ValidationError([NAME_TOO_LONG])
        return True

    def _position(self, name: str) -> int:
        """Where a field stands in the form; what is not in it comes last."""
        return list(self._field_types).index(name) if name in self._field_types else len(self._field_types)


def compile_schema(fields: Sequence[Mapping[str, Any]], unknown_fields: str = "keep") -> FormSchema:
    """The schema of a definition that was checked when it was saved."""
    return FormSchema({field["name"]: FIELD_TYPES[field["type"]](field) for field in fields}, unknown_fields)
