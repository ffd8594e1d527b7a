"""The schema all others are made from: it knows its fields, and every fault has a sentence and a code."""

from collections.abc import Iterator, Mapping
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError

Messages = dict[str, str | list[Any] | dict[Any, Any]]
"""Code → sentence, of the type that marshmallow gives it."""

MAX_NAME_LENGTH = 200
"""Characters of a field's name that an answer repeats."""


UNKNOWN_FIELD = FieldError("Unknown field.", "unknown")
NOT_AN_OBJECT = FieldError("Must be an object with named fields.", "invalid_type")


class Schema(ma.Schema):
    """A schema that refuses what it does not know."""

    error_messages = {
        "unknown": UNKNOWN_FIELD,
        "type": NOT_AN_OBJECT,
    }

    class Meta:
        """An unknown field is refused and named."""

        unknown = ma.RAISE

    def handle_error(self, error: ma.ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Put what is unknown in the order it was sent; marshmallow's is another in every process."""
        if isinstance(data, Mapping) and isinstance(error.messages, dict):
            known = {field.data_key or name for name, field in self.fields.items()}
            sent = {name: place for place, name in enumerate(data) if name not in known}
            error.messages = {
                name: error.messages[name] for name in sorted(error.messages, key=lambda name: sent.get(name, -1))
            }


class CodedField(ma.fields.Field[Any]):
    """A field whose faults carry the key of their message as code."""

    default_error_messages: Messages = {
        "required": "This field is required.",
        "null": "This field may not be null.",
    }

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        """The message of that key, as a fault."""
        return ma.ValidationError([self.fault(key, **kwargs)])

    def fault(self, key: str, **kwargs: Any) -> FieldError:
        """One thing wrong; several can be raised together."""
        return FieldError(str(self.error_messages[key]).format(**kwargs), key)


def errors_by_path(messages: object, path: str = "") -> dict[str, list[FieldError]]:
    """Marshmallow's nested messages as dotted path → faults, in the order of the fields."""
    found: dict[str, list[FieldError]] = {}
    for where, fault in _walk(messages, path):
        found.setdefault(where or "body", []).append(fault)
    return found


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
