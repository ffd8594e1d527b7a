"""Compiles a form's definition, once per version."""

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.field_types import FIELD_TYPES, FieldType, nfc
from forms_service.languages.sentences import N_
from forms_service.validation.base import MAX_NAME_LENGTH, UNKNOWN_FIELD, Schema

MAX_FIELDS = 500

UNKNOWN_FIELDS = ("keep", "drop", "reject")

NAME_TOO_LONG = FieldError(
    N_("Field names must have at most {limit} characters."), "name_too_long", limit=MAX_NAME_LENGTH
)


class FormSchema(Schema):
    """A form version's schema; without fields it accepts any."""

    def __init__(self, field_types: Mapping[str, FieldType], unknown_fields: str) -> None:
        super().__init__()
        self.declared_fields = dict(field_types)
        self._init_fields()  # not declared on a class, so that fields may be named "load" or "Meta"
        self._field_types = dict(field_types)
        self._policy = unknown_fields if field_types else "keep"
        self.size = sum(field_type.size for field_type in field_types.values())
        """Bytes of its patterns."""

        self._required = tuple(
            name for name, field_type in field_types.items() if field_type.required and field_type.type_name != "file"
        )

    def load(  # type: ignore[override]  # only one whole form at a time
        self, data: Mapping[str, Any], *, many: None = None, partial: None = None, unknown: None = None
    ) -> dict[str, Any]:
        """Raises marshmallow.ValidationError with all errors, in the form's order."""
        result, errors = self.check(data)
        if errors:
            raise ma.ValidationError({name: errors[name] for name in sorted(errors, key=self._position)})
        return result

    def check(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the valid values, without dropped ones, and the errors of the others."""
        result: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, value in data.items():
            field_type = self._field_types.get(name)
            try:
                if field_type:
                    result[name] = field_type.deserialize(value)
                elif self._accepts_unknown(name):
                    result[name] = nfc(value)
            except ma.ValidationError as error:
                errors[name] = error.messages
        for name in self._required:
            if name not in data:
                errors[name] = [self._field_types[name].field_error("required")]
        return result, errors

    def _accepts_unknown(self, name: str) -> bool:
        if self._policy == "drop":
            return False
        if self._policy == "reject":
            raise ma.ValidationError([UNKNOWN_FIELD])
        if len(name) > MAX_NAME_LENGTH:
            raise ma.ValidationError([NAME_TOO_LONG])
        return True

    def _position(self, name: str) -> int:
        return list(self._field_types).index(name) if name in self._field_types else len(self._field_types)


def compile_schema(fields: Sequence[Mapping[str, Any]], unknown_fields: str = "keep") -> FormSchema:
    """Compile validated fields."""
    return FormSchema({field["name"]: FIELD_TYPES[field["type"]](field) for field in fields}, unknown_fields)
