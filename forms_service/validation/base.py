"""Schemas and fields with coded errors."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.languages.sentences import N_

Messages = dict[str, str | list[Any] | dict[Any, Any]]

MAX_NAME_LENGTH = 200


UNKNOWN_FIELD = FieldError(N_("Unknown field."), "unknown")
NOT_AN_OBJECT = FieldError(N_("Must be an object with named fields."), "invalid_type")


class Schema(ma.Schema):
    error_messages = {
        "unknown": UNKNOWN_FIELD,
        "type": NOT_AN_OBJECT,
    }

    class Meta:
        """Refuses unknown fields."""

        unknown = ma.RAISE

    def handle_error(self, error: ma.ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        # unknown fields in the order sent: marshmallow's varies
        if isinstance(data, Mapping) and isinstance(error.messages, dict):
            names = {field.data_key or name for name, field in self.fields.items()}
            positions = {name: index for index, name in enumerate(data) if name not in names}
            error.messages = {
                name: error.messages[name] for name in sorted(error.messages, key=lambda name: positions.get(name, -1))
            }


class CodedField(ma.fields.Field[Any]):
    """Reports an error's key as code."""

    default_error_messages: Messages = {
        "required": N_("This field is required."),
        "null": N_("This field may not be null."),
    }

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        return ma.ValidationError([self.field_error(key, **kwargs)])

    def field_error(self, key: str, **kwargs: Any) -> FieldError:
        return FieldError(cast("str", self.error_messages[key]), key, **kwargs)


def errors_by_path(messages: object, path: str = "") -> dict[str, list[FieldError]]:
    """Flatten nested messages to dotted path → errors."""
    errors: dict[str, list[FieldError]] = {}
    for path_of_error, error in _walk(messages, path):
        errors.setdefault(path_of_error or "body", []).append(error)
    return errors


def _walk(messages: object, path: str) -> Iterator[tuple[str, FieldError]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == ma.exceptions.SCHEMA else str(key)[:MAX_NAME_LENGTH]
            yield from _walk(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(messages, list):
        for message in messages:
            yield from _walk(message, path)
    else:
        yield path, messages if isinstance(messages, FieldError) else FieldError(str(messages), "invalid")
