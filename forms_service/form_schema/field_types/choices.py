"""Field types without typed text: boxes, choices and files."""

from collections.abc import Mapping
from typing import Any

from forms_service.errors import FieldError
from forms_service.form_schema.field_types.base import FieldType, as_text, field_type, is_filled, nfc
from forms_service.languages.sentences import N_
from forms_service.validation.base import Messages
from forms_service.validation.whitespace import is_blank, trim

NOT_TICKED = ("", "off", "false", "no", "0")


def choice_values(definition: Mapping[str, Any]) -> list[str]:
    """Return the allowed values."""
    choices = definition.get("choices", ())
    return [choice["value"] if isinstance(choice, dict) else choice for choice in choices]


def is_ticked(value: Any) -> bool:
    """Whether a box, or one of several, is ticked."""
    if isinstance(value, list):
        return any(map(is_ticked, value))
    if isinstance(value, str):
        return not is_blank(value) and trim(value).lower() not in NOT_TICKED
    return bool(value)


def choice_labels(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return stored value → label."""
    choices = [choice for choice in definition.get("choices", ()) if isinstance(choice, dict)]
    return {nfc(choice["value"]): choice.get("label") or choice["value"] for choice in choices}


@field_type("checkbox", "checkbox")
class CheckboxType(FieldType):
    """A box; a ticked value overrides those that pages send for "not ticked"."""

    default_error_messages: Messages = {
        "blank": N_("Tick this box to continue."),
        "required": N_("Tick this box to continue."),
        "invalid_checkbox": N_("Tick this box or leave it empty."),
    }

    def _single(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value if isinstance(value, bool) else as_text(value)
        texts = [self._single(item) for item in value]
        # by repr(): a nested list may have thousands of items, and lists cannot be hashed
        ticked = list({repr(item): item for item in texts if is_ticked(item)}.values())
        return ticked if len(ticked) > 1 else (ticked or texts or [""])[0]

    def _is_empty(self, value: Any) -> bool:
        return not is_ticked(value)

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        values = value if isinstance(value, list) else [value]
        is_valid = all(item is True or isinstance(item, str) for item in values)
        return [] if is_valid else [self.field_error("invalid_checkbox")]


@field_type("consent", "checkbox")
class ConsentType(CheckboxType):
    """A box by which a person agrees."""


@field_type("select", "select", ("choices",))
class SelectType(FieldType):
    """One choice, stored as defined."""

    trims = True
    default_error_messages: Messages = {"not_a_choice": N_("Choose one of the options.")}

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        values = nfc(choice_values(definition))
        self._values = {_key(value): value for value in values} | {value: value for value in values}

    def _single(self, value: Any) -> Any:
        return as_text(super()._single(value))

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        return self._as_defined(super().deserialize(value, attr, data, **kwargs))

    def _as_defined(self, value: Any) -> Any:
        return self._values.get(value) or self._values.get(_key(value), value) if isinstance(value, str) else value

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        return [] if self._is_choice(value) else [self.field_error("not_a_choice")]

    def _is_choice(self, value: Any) -> bool:
        return isinstance(value, str) and (value in self._values or _key(value) in self._values)


@field_type("radio", "radio", ("choices",))
class RadioType(SelectType):
    """One choice among visible ones."""


@field_type("multiselect", "checkboxes", ("choices",))
class MultiselectType(SelectType):
    """Several choices, stored as a list."""

    default_error_messages: Messages = {"not_a_choice": N_("Choose only from the options.")}

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        items = value if isinstance(value, list) else [value]
        chosen = super().deserialize([as_text(item) for item in items if is_filled(item)], attr, data, **kwargs)
        return list(dict.fromkeys(map(self._as_defined, chosen)))

    def _single(self, value: Any) -> Any:
        return value

    def _is_empty(self, value: Any) -> bool:
        return not value

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        return [] if all(map(self._is_choice, value)) else [self.field_error("not_a_choice")]


@field_type("file", "file", ("accept", "max_size"))
class FileType(FieldType):
    """A file, checked on receipt; empty text is accepted."""

    def _single(self, value: Any) -> Any:
        return value

    def _is_empty(self, value: Any) -> bool:
        return False


def _key(value: str) -> str:
    # browsers trim an option's text and collapse its blanks
    return " ".join(trim(value).split())
