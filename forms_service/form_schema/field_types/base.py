"""What all types of fields share, and the register of them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import marshmallow as ma

from forms_service.validation.base import CodedField, Messages
from forms_service.validation.text import normalize_unicode
from forms_service.validation.whitespace import is_blank

FIELD_TYPES: dict[str, "type[FieldType]"] = {}
"""Every type of field by its name."""

K = TypeVar("K", bound="type[FieldType]")


def field_type(name: str, control: str, rules: tuple[str, ...] = ()) -> Callable[[K], K]:
    """Register a type of field: the control that shows it on the hosted page, and the rules that fit it."""

    def register(class_: K) -> K:
        class_.type_name, class_.control, class_.rules = name, control, rules
        FIELD_TYPES[name] = class_
        return class_

    return register


def nfc(value: Any) -> Any:
    """The value with every text in it composed (NFC), and nothing else changed."""
    if isinstance(value, str):
        return value if value.isascii() else normalize_unicode(value)
    if isinstance(value, list):
        return [nfc(item) for item in value]
    if isinstance(value, dict):
        composed = {nfc(key): nfc(item) for key, item in value.items()}
        return composed if len(composed) == len(value) else {key: nfc(item) for key, item in value.items()}
    return value


def as_text(value: Any) -> Any:
    """Return a JSON number or boolean as the text that a form would send; anything else unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_as_text(value)
    return str(value) if isinstance(value, int) else value


def _number_as_text(number: float) -> str:
    """Return a number as JavaScript writes it."""
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    text = str(number)
    if "e-" not in text:
        return text
    return f"{Decimal(text):f}" if abs(number) >= 1e-6 else text.replace("e-0", "e-")


def is_filled(value: Any) -> bool:
    """Whether a value holds anything: null, empty and invisible texts do not."""
    return not is_blank(value) if isinstance(value, str) else value is not None


class FieldType(CodedField):
    """A field of a form as its owner defined it."""

    type_name: ClassVar[str]
    control: ClassVar[str]
    rules: ClassVar[tuple[str, ...]]
    trims: ClassVar[bool] = False
    """Whether blanks and invisible characters around a value mean nothing."""
    size = 0
    """Bytes that it may take in memory besides its definition."""

    default_error_messages: Messages = {
        "blank": "This field is required.",
        "invalid_text": "Must be a single string.",
        "too_small": "Must be at least {min}.",
        "too_big": "Must be at most {max}.",
    }

    def __init__(self, definition: Mapping[str, Any]) -> None:
        super().__init__(required=definition.get("required", False))
        self.definition = definition
        self._heeds_blanks = not self.required and not self.trims
        self._prepare(definition)

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        """What the definition says, made ready once."""

    @classmethod
    def bound(cls, value: Any) -> Any:
        """What a `min` or `max` is compared as.

        :raises ValueError: for what is none of this type
        """
        raise ValueError("has no order")

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """What is kept of a value that was sent.

        :raises marshmallow.ValidationError: with everything that is wrong with it
        """
        sent = value if isinstance(value, str) else self._single(value)
        kept = nfc(sent)
        if self._is_empty(kept):
            if self.required:
                raise self.make_error("blank")
            return kept
        faults = self._faults(kept, sent)
        if faults:
            raise ma.ValidationError(faults)
        return kept

    def _single(self, value: Any) -> Any:
        """Reduce a list to the one item that is filled in; return other values, and lists of several, unchanged."""
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
        return not self._heeds_blanks and isinstance(value, str) and is_blank(value)

    def _faults(self, value: Any, sent: Any) -> list[Any]:
        """Return the faults of a value; `sent` is the same value before NFC."""
        return []
