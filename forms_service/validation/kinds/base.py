"""What all types of fields share, and the register of them."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import marshmallow as ma

from forms_service.validation.schema import Coded, Messages

KINDS: dict[str, "type[Kind]"] = {}
"""Every type of field by its name."""

K = TypeVar("K", bound="type[Kind]")


def kind(name: str, control: str, rules: tuple[str, ...] = ()) -> Callable[[K], K]:
    """Register a type of field: the control that shows it on the hosted page, and the rules that fit it."""

    def register(class_: K) -> K:
        class_.kind, class_.control, class_.rules = name, control, rules
        KINDS[name] = class_
        return class_

    return register


def nfc(value: Any) -> Any:
    """The value with every text in it composed (NFC), and nothing else changed."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [nfc(item) for item in value]
    if isinstance(value, dict):
        return {key: nfc(item) for key, item in value.items()}
    return value


class Kind(Coded):
    """A field of a form as its owner defined it."""

    kind: ClassVar[str]
    control: ClassVar[str]
    rules: ClassVar[tuple[str, ...]]
    default_error_messages: Messages = {
        "blank": "This field is required.",
        "invalid_text": "Send one text.",
        "too_small": "This is less than {min}, the least there may be.",
        "too_big": "This is more than {max}, the most there may be.",
    }

    def __init__(self, definition: Mapping[str, Any]) -> None:
        super().__init__(required=definition.get("required", False))
        self.definition = definition
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
        kept = nfc(value)
        if self._is_empty(kept):
            if self.required:
                raise self.make_error("blank")
            return kept
        faults = self._faults(kept)
        if faults:
            raise ma.ValidationError(faults)
        return kept

    def _is_empty(self, value: Any) -> bool:
        return value is None or value == "" or (self.required and isinstance(value, str) and value.isspace())

    def _faults(self, value: Any) -> list[Any]:
        return []
