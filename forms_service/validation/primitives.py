"""Strict fields for definitions and settings."""

import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.languages.sentences import N_
from forms_service.validation.base import CodedField, Messages
from forms_service.validation.whitespace import is_blank


class SingleLine(CodedField):
    """One line of at most `max_length`, without control characters."""

    default_error_messages: Messages = {
        "invalid": "Must be a string.",
        "blank": "Must not be empty.",
        "too_long": "Must have at most {max_length} characters.",
        "control_characters": "Must not contain control characters or line breaks.",
    }
    allowed = ""
    """Control characters."""

    def __init__(self, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length
        self.json_schema: dict[str, Any] = {"minLength": 1, "maxLength": max_length}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if is_blank(value):
            raise self.make_error("blank")
        if len(value) > self.max_length:
            raise self.make_error("too_long", max_length=self.max_length)
        if any(unicodedata.category(character) == "Cc" for character in value if character not in self.allowed):
            raise self.make_error("control_characters")
        return self._checked(value)

    def _checked(self, value: str) -> str:
        return value


class MultiLine(SingleLine):
    """Lines of at most `max_length` characters in all; their breaks become newlines."""

    default_error_messages: Messages = {"control_characters": "Must not contain control characters."}
    allowed = "\t\n\r"

    def _checked(self, value: str) -> str:
        return value.replace("\r\n", "\n").replace("\r", "\n")


class OneOf(CodedField):
    default_error_messages: Messages = {"not_a_choice": "Must be one of: {choices}."}

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices
        self.json_schema = {"enum": [*choices, None] if self.allow_none else list(choices)}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self.make_error("not_a_choice", choices=", ".join(self.choices))
        return value


class BoundedInteger(CodedField):
    default_error_messages: Messages = {"invalid_number": "Must be a whole number from {minimum} to {maximum}."}

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum, self.maximum = minimum, maximum
        self.json_schema = {"minimum": minimum, "maximum": maximum}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not is_integer or not self.minimum <= value <= self.maximum:
            raise self.make_error("invalid_number", minimum=self.minimum, maximum=self.maximum)
        return int(value)


class StrictBoolean(CodedField):
    default_error_messages: Messages = {"invalid": "Must be true or false."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Identifier(CodedField):
    """A UUID."""

    default_error_messages: Messages = {"invalid": N_("Must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057.")}
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "uuid"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> uuid.UUID:
        try:
            return uuid.UUID(value)
        except (AttributeError, TypeError, ValueError):
            raise self.make_error("invalid") from None


class BoundedList(ma.fields.List[Any]):
    default_error_messages: Messages = {
        "required": CodedField.default_error_messages["required"],
        "null": CodedField.default_error_messages["null"],
        "invalid": "Must be a list.",
    }

    def __init__(self, item: ma.fields.Field[Any], max_items: int, min_items: int = 0, **kwargs: Any) -> None:
        super().__init__(item, **kwargs)
        self.max_items, self.min_items = max_items, min_items
        self.json_schema = {"maxItems": max_items} | ({"minItems": min_items} if min_items else {})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not self.min_items <= len(value) <= self.max_items:
            raise ma.ValidationError(
                [FieldError(self._size_message(), "too_many" if len(value) > self.max_items else "too_few")]
            )
        return super()._deserialize(value, attr, data, **kwargs)

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        return ma.ValidationError([FieldError(cast("str", self.error_messages[key]), key, **kwargs)])

    def _size_message(self) -> str:
        count = f"{self.min_items} to {self.max_items}" if self.min_items else f"at most {self.max_items}"
        return f"Must have {count} items."
