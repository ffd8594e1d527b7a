"""Field types, each a registered class.

Values are stored as sent, in NFC; JSON numbers sent for text become text, multiple choices a list.
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
