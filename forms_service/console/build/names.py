"""Names of new fields, derived from their labels once. Pure."""

import re
from collections.abc import Collection
from itertools import count

from forms_service.form_schema.special_fields import RESERVED
from forms_service.validation.label_links import strip_links
from forms_service.validation.text import normalize_unicode

MAX_DERIVED_LENGTH = 40


def derive_name(label: str, field_type: str, used: Collection[str]) -> str:
    """Return a name such as `your_name`, other than those in use and the reserved ones."""
    text = normalize_unicode(strip_links(label)).lower()
    name = re.sub(r"\W+", "_", text)[:MAX_DERIVED_LENGTH].strip("_") or field_type
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(name for name in names if name not in used and name not in RESERVED)
