"""The plain values that definitions are made of: strict, so that what is kept is what was sent."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.validation.base import CodedField, Messages
from forms_service.validation.whitespace import is_blank


class SingleLine(CodedField):
    """One line of text, of 1 to `longest` characters, without control characters."""

    default_error_messages: Messages = {
        "invalid": "Must be a string.",
        "blank": "Must not be empty.",
        "too_long": "Must have at most {longest} characters.",
        "control_characters": "Must not contain control characters or line breaks.",
    }

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.json_schema: dict[str, Any] = {"minLength": 1, "maxLength": longest}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if is_blank(value):
            raise self.make_error("blank")
        if len(value) > self.longest:
            raise self.make_error("too_long", longest=self.longest)
        if any(unicodedata.category(character) == "Cc" for character in value):
            raise self.make_error("control_characters")
        return self._checked(value)

    def _checked(self, value: str) -> str:
        return value


class OneOf(CodedField):
    """One of a few words."""

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
    """A whole number from `least` to `most`."""

    default_error_messages: Messages = {"invalid_number": "Must be a whole number from {least} to {most}."}

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most
        self.json_schema = {"minimum": least, "maximum": most}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self.least <= value <= self.most:
            raise self.make_error("invalid_number", least=self.least, most=self.most)
        return int(value)


class StrictBoolean(CodedField):
    """True or false."""

    default_error_messages: Messages = {"invalid": "Must be true or false."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class BoundedList(ma.fields.List[Any]):
    """A list of at most `most` of one kind."""

    def __init__(self, of: ma.fields.Field[Any], most: int, least: int = 0, **kwargs: Any) -> None:
        super().__init__(of, **kwargs)
        self.most, self.least = most, least
        self.json_schema = {"maxItems": most} | ({"minItems": least} if least else {})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not self.least <= len(value) <= self.most:
            raise ma.ValidationError([FieldError(self._says(), "too_many" if len(value) > self.most else "too_few")])
        return super()._deserialize(value, attr, data, **kwargs)

    def _says(self) -> str:
        count = f"{self.least} to {self.most}" if self.least else f"at most {self.most}"
        return f"Must have {count} items."
