"""White space and default ignorable code points."""

import re
from collections.abc import Callable
from typing import cast

WHITE_SPACE = "\\t-\\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's White_Space."""

IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point."""

UNSEEN = f"{WHITE_SPACE}{IGNORABLE}\u2800"
"""Also the blank Braille pattern."""

ASCII_BLANKS = " \t\n\v\f\r"

_LEADING = re.compile(f"[{UNSEEN}]*+")
_CHARACTER = re.compile(f"[{UNSEEN}]")
_IGNORABLE = re.compile(f"[{IGNORABLE}]+")

is_blank = cast("Callable[[str], bool]", re.compile(rf"[{UNSEEN}\x00-\x1f\x7f-\x9f]*+").fullmatch)
"""Truthy without visible characters."""


def trim(text: str) -> str:
    """Also trim invisible characters."""
    if text.isascii():
        return text.strip(ASCII_BLANKS)
    start = _end_of_lead(text)
    end = len(text)
    while end > start and _CHARACTER.match(text, end - 1):
        end -= 1
    return text[start:end]


def strip_ignorable(text: str) -> str:
    """Trim, and remove those inside."""
    text = trim(text)
    return text if text.isascii() else _IGNORABLE.sub("", text)


def is_ignorable(character: str) -> bool:
    return _IGNORABLE.fullmatch(character) is not None


def _end_of_lead(text: str) -> int:
    match = _LEADING.match(text)
    return match.end() if match else 0
