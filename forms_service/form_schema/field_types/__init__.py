"""The types of fields that a form may have. Each is one registered class: what it is defined by, and what it takes.

What is kept is what was sent, in NFC: a number of an HTML form stays the text that was typed, with blanks around it, a
ticked box stays "on", one that JSON sent stays true. Three things are made alike: a number that JSON sends for a text
is that text, a choice is kept as it was defined, and several choices are always a list. Of a name that came several
times the empty values do not count where one is asked for. An optional field may be empty, null or left out.
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
