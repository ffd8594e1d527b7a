"""Types, properties and faults of fields in the words of owners. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forms_service.errors import FieldError

TYPE_NAMES: Mapping[str, str] = {
    "text": "Short text",
    "textarea": "Long text",
    "email": "E-mail address",
    "tel": "Phone number",
    "url": "Web address",
    "number": "Number",
    "integer": "Whole number",
    "date": "Date",
    "time": "Time",
    "datetime": "Date and time",
    "select": "Drop-down list",
    "radio": "One of several choices",
    "multiselect": "Several choices",
    "checkbox": "Tick box",
    "consent": "Consent",
    "file": "File",
    "hidden": "Hidden value",
}

PROPERTY_NAMES: Mapping[str, str] = {
    "type": "kind of field",
    "label": "label",
    "name": "name in your data",
    "help": "help",
    "required": "required or not",
    "min_length": "shortest length",
    "max_length": "longest length",
    "min": "smallest value",
    "max": "largest value",
    "pattern": "format",
    "choices": "choices",
    "accept": "kinds of files",
    "max_size": "largest file",
}


class Input(NamedTuple):
    """An input of the editor."""

    property: str
    label: str
    help: str = ""
    mode: str = ""
    """`inputmode`."""


LENGTHS = (
    Input("min_length", "At least so many characters", mode="numeric"),
    Input("max_length", "At most so many characters", mode="numeric"),
    Input("pattern", "Format", "A regular expression that the whole answer must match, such as [A-Z]{2}[0-9]{4}."),
)
NUMBERS = (Input("min", "Smallest number", mode="decimal"), Input("max", "Largest number", mode="decimal"))
EXAMPLES = {"date": "2026-03-01", "time": "18:30", "datetime": "2026-03-01T18:30"}
FILES = (
    Input("accept", "Kinds of files", "Such as .pdf, .docx, image/*. Empty: any."),
    Input("max_size", "Largest file", "Such as 5 MB or 500 kB. Empty: as large as the service allows."),
)

MESSAGES: Mapping[tuple[str, str], str] = {
    ("max_size", "invalid_number"): "Write a size such as 5 MB or 500 kB.",
    ("max", "too_small"): "Must not be less than the smallest value.",
    ("max_length", "too_small"): "Must not be less than the shortest length.",
    ("choices", "required"): "Write at least one choice, each on its own line.",
    ("choices", "duplicate"): "Two choices are the same. Each must be different.",
    ("name", "duplicate"): "Another field already has this name in the data.",
}
"""Of property and code, where the API's own sentence names its keys."""


def rule_inputs(field_type: str) -> Sequence[Input]:
    """Return the one-line inputs of a type's rules."""
    if field_type in ("text", "textarea", "email", "tel", "url", "hidden"):
        return LENGTHS
    if field_type in ("number", "integer"):
        return NUMBERS
    if field_type in EXAMPLES:
        example = f"Such as {EXAMPLES[field_type]}."
        return Input("min", "Earliest", example), Input("max", "Latest", example)
    return FILES if field_type == "file" else ()


def owners_sentence(property_name: str, fault: FieldError) -> str:
    """Return what is wrong, without the API's keys."""
    return MESSAGES.get((property_name, fault.code), str(fault))
