"""Field types, each a registered class that validates values under a field's definition.

Values are stored as sent, in NFC: a number from an HTML form stays text with its blanks, a ticked box stays "on" or
true. Three things are normalised: JSON numbers sent for text become text, choices are stored as defined, and multiple
choices are always a list. Empty values do not count when a name is sent several times. Optional fields may be empty,
null or missing.
"""

from forms_service.form_schema.field_types.base import FIELD_TYPES, FieldType, is_filled, nfc
from forms_service.form_schema.field_types.choices import NOT_TICKED, choice_labels, choice_values, is_ticked
from forms_service.form_schema.field_types.numbers_and_dates import NumberType
from forms_service.form_schema.field_types.text import BaseTextType

__all__ = [
    "FIELD_TYPES",
    "NOT_TICKED",
    "BaseTextType",
    "FieldType",
    "NumberType",
    "choice_labels",
    "choice_values",
    "is_filled",
    "is_ticked",
    "nfc",
]
