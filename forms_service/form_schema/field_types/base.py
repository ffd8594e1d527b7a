"""Base class and registry of field types."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import marshmallow as ma

from forms_service.languages.sentences import N_
from forms_service.validation.base import CodedField, Messages
from forms_service.validation.text import normalize_unicode
from forms_service.validation.whitespace import is_blank

FIELD_TYPES: dict[str, "type[FieldType]"] = {}

K = TypeVar("K", bound="type[FieldType]")


def field_type(name: str, control: str, rules: tuple[str, ...] = ()) -> Callable[[K], K]:
    """Register a field type with its control and rules."""

    def register(class_: K) -> K:
        class_.type_name, class_.control, class_.rules = name, control, rules
        FIELD_TYPES[name] = class_
        return class_

    return register


def nfc(value: Any) -> Any:
    """Normalise a JSON value's texts to NFC."""
    if isinstance(value, str):
        return value if value.isascii() else normalize_unicode(value)
    if isinstance(value, list):
        return [nfc(item) for item in value]
    if isinstance(value, dict):
        composed = {nfc(key): nfc(item) for key, item in value.items()}
        return composed if len(composed) == len(value) else {key: nfc(item) for key, item in value.items()}
    return value


def as_text(value: Any) -> Any:
    """Return a JSON number or boolean as a form sends it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_as_text(value)
    return str(value) if isinstance(value, int) else value


def _number_as_text(number: float) -> str:
    # as JavaScript does
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    text = str(number)
    if "e-" not in text:
        return text
    return f"{Decimal(text):f}" if abs(number) >= 1e-6 else text.replace("e-0", "e-")


def is_filled(value: Any) -> bool:
    """Whether a value is neither null nor blank."""
    return not is_blank(value) if isinstance(value, str) else value is not None


class FieldType(CodedField):
    """A field under its owner's definition."""

    type_name: ClassVar[str]
    control: ClassVar[str]
    rules: ClassVar[tuple[str, ...]]
    trims: ClassVar[bool] = False
    """Ignores surrounding blanks."""
    accepts_any_text = False
    size = 0
    """Bytes in memory."""

    default_error_messages: Messages = {
        "blank": N_("This field is required."),
        "invalid_text": N_("Enter only one text here."),
        "too_small": N_("Must be at least {min}."),
        "too_big": N_("Must be at most {max}."),
    }

    def __init__(self, definition: Mapping[str, Any]) -> None:
        super().__init__(required=definition.get("required", False))
        self.definition = definition
        self._accepts_blanks = not self.required and not self.trims
        self._prepare(definition)

    def _prepare(self, definition: Mapping[str, Any]) -> None: ...

    @classmethod
    def bound(cls, value: Any) -> Any:
        """Parse a `min` or `max`, or raise ValueError."""
        raise ValueError("this type has no bounds")

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        sent = value if isinstance(value, str) else self._single(value)
        result = nfc(sent)
        if self._is_empty(result):
            if self.required:
                raise self.make_error("blank")
            return result
        if self.accepts_any_text and isinstance(result, str):
            return result
        errors = self._errors(result, sent)
        if errors:
            raise ma.ValidationError(errors)
        return result

    def _single(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        filled: list[Any] = []
        for item in value:
            if is_filled(item) and item not in filled:
                filled.append(item)
                if len(filled) > 1:
                    return value
        return filled[0] if filled else ""

    def _is_empty(self, value: Any) -> bool:
        if value is None or value == "":
            return True
        return not self._accepts_blanks and isinstance(value, str) and is_blank(value)

    def _errors(self, value: Any, sent: Any) -> list[Any]:
        return []
