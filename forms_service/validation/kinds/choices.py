"""Types that are chosen and not typed: boxes, choices and files."""

from collections.abc import Mapping
from typing import Any

from forms_service.errors import Fault
from forms_service.validation.kinds.base import Kind, kind, nfc
from forms_service.validation.schema import Messages

NOT_TICKED = ("", "off", "false", "no", "0")
"""What a box sends, or sends no more, that is not ticked."""


def choice_values(definition: Mapping[str, Any]) -> list[str]:
    """What may be chosen; a choice is text, or a value with a label."""
    choices = definition.get("choices", ())
    return [choice["value"] if isinstance(choice, dict) else choice for choice in choices]


@kind("checkbox", "checkbox")
class CheckboxKind(Kind):
    """A box: ticked by true or by any text but "off", "false", "no" and "0", as which value it has is the page's."""

    default_error_messages: Messages = {
        "blank": "Tick this box to go on.",
        "required": "Tick this box to go on.",
        "invalid_checkbox": "Send true, false or one text.",
    }

    def _is_empty(self, value: Any) -> bool:
        return value is None or value is False or (isinstance(value, str) and value.strip().lower() in NOT_TICKED)

    def _faults(self, value: Any) -> list[Fault]:
        return [] if value is True or isinstance(value, str) else [self.fault("invalid_checkbox")]


@kind("consent", "checkbox")
class ConsentKind(CheckboxKind):
    """A box by which a person agrees; required, nothing is taken without."""


@kind("select", "select", ("choices",))
class SelectKind(Kind):
    """One of a few choices."""

    default_error_messages: Messages = {"not_a_choice": "Choose one of those that are offered."}

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        self._values = frozenset(nfc(choice_values(definition)))

    def _faults(self, value: Any) -> list[Fault]:
        return [] if isinstance(value, str) and value in self._values else [self.fault("not_a_choice")]


@kind("radio", "radio", ("choices",))
class RadioKind(SelectKind):
    """One of a few choices that are all in sight."""


@kind("multiselect", "checkboxes", ("choices",))
class MultiselectKind(SelectKind):
    """Some of a few choices: a list, or the one text that a form sends for a single one."""

    default_error_messages: Messages = {"not_a_choice": "Choose only among those that are offered."}

    def _is_empty(self, value: Any) -> bool:
        return value in (None, "", [], [""])

    def _faults(self, value: Any) -> list[Fault]:
        chosen = value if isinstance(value, list) else [value]
        known = all(isinstance(item, str) and item in self._values for item in chosen)
        return [] if known else [self.fault("not_a_choice")]


@kind("file", "file", ("accept", "max_size"))
class FileKind(Kind):
    """A file. Who receives it checks it; the text that a page sends without one is let through."""

    def _is_empty(self, value: Any) -> bool:
        return False
