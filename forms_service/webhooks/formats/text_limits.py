"""Fits text into the limits of other services, in linear time."""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

from forms_service.validation.text import CONTROLS

ELLIPSIS = "…"
MAX_CLUSTER = 32
"""Code points looked back for the start of a character; longer clusters are cut apart."""

JOINER = "\u200d"
CONTROLS_IN_LINES = re.compile(rf"(?!\n){CONTROLS.pattern}")

Measure = Callable[[str], int]
"""Length of a text for a service: at least 1 for each code point, and it grows with the text."""


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as JavaScript does."""
    return len(text.encode("utf-16-le", "replace")) // 2


def utf8_length(text: str) -> int:
    """Count bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def json_length(text: str) -> int:
    """Count bytes of a JSON string, without its quotes."""
    return utf8_length(json.dumps(text, ensure_ascii=False)) - 2


def cut(text: str, limit: int, measure: Measure = utf16_length) -> str:
    """Return the text, or as much as fits with a mark; characters of several code points stay whole."""
    if len(text) <= limit and measure(text) <= limit:
        return text
    room = limit - measure(ELLIPSIS)
    if room < 0:
        return ""
    ends = range(min(len(text), room) + 1)
    end = bisect_right(ends, room, key=lambda end: measure(text[:end])) - 1
    return text[: _start_of_cluster(text, end)] + ELLIPSIS


def share(lengths: Sequence[int], room: int) -> list[int]:
    """Divide room: the short get what they need, the long equal parts of the rest."""
    shares = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
    for count, index in zip(range(len(lengths), 0, -1), by_length, strict=True):
        shares[index] = min(lengths[index], max(room, 0) // count)
        room -= shares[index]
    return shares


def readable_text(text: str) -> str:
    """Remove control characters and direction overrides, but keep line breaks."""
    lines = text.replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n")
    return CONTROLS_IN_LINES.sub("", lines)


def _start_of_cluster(text: str, end: int) -> int:
    for position in range(end, max(end - MAX_CLUSTER, 0), -1):
        if not _is_inside_cluster(text, position):
            return position
    return end


def _is_inside_cluster(text: str, position: int) -> bool:
    """Whether a cut here splits what people see as one character (UAX 29, its common cases)."""
    before, after = text[position - 1], text[position]
    if JOINER in (before, after) or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True  # a skin tone, or a tag of a flag
    if _is_regional(before) and _is_regional(after):
        start = text[:position].rstrip(_REGIONAL)
        return (position - len(start)) % 2 == 1
    return (before, after) == ("\r", "\n")


_REGIONAL = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_regional(character: str) -> bool:
    """Whether it is half of a flag."""
    return character in _REGIONAL
