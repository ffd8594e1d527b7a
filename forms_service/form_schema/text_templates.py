"""Owners' texts with placeholders such as {name}; values are inserted as text, once."""

import re
from collections.abc import Collection, Mapping

PLACEHOLDER = re.compile(r"\{([^{}\n]{1,100})\}")

GAP = re.compile(r"[ \t]{1,10}\{([^{}\n]{1,100})\}(?=[,.;:!?\n]|$)")
"""A placeholder after a space and before punctuation."""

REFERENCE, FORM = "reference", "form"
GENERAL = frozenset({REFERENCE, FORM})
"""Known besides the form's fields, which go before."""


def find_unknown_names(text: str, known: Collection[str]) -> list[str]:
    """Return the placeholders that stand for nothing, in order."""
    names = dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(text))
    return [name for name in names if name not in known and name not in GENERAL]


def close_gaps(text: str, values: Mapping[str, str]) -> str:
    """Drop placeholders without a value, and the space before them: `Hello {name},` becomes `Hello,`."""
    return GAP.sub(lambda match: "" if values.get(match[1]) == "" else match[0], text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Insert values; an unknown placeholder stays, and nothing inserted is read again."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
