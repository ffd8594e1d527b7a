"""The types of fields that a form may have. Each is one registered class: what it is defined by, and what it takes.

Nothing is converted. What is kept is what was sent, in NFC: a number of an HTML form stays the text that was typed,
a ticked box stays "on", one that JSON sent stays true. An optional field may be empty, null or left out.
"""

from forms_service.validation.kinds.base import KINDS, Kind, nfc
from forms_service.validation.kinds.choices import NOT_TICKED, choice_values
from forms_service.validation.kinds.ordered import NumberKind
from forms_service.validation.kinds.texts import Textual

__all__ = ["KINDS", "NOT_TICKED", "Kind", "NumberKind", "Textual", "choice_values", "nfc"]
