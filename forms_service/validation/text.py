"""What is done to text before it is looked at."""

import html
import re
import unicodedata
from typing import Literal

import bleach

WHITE = "\\t\\n\\v\\f\\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as browsers know it, for a character class; Python's own \\s has control characters besides."""

RUNS_OF_WHITE = re.compile(f"[{WHITE}]+")

BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the text after them around: they make a name read as something else."""

CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, half characters, and the marks above."""


MAX_COMBINING = 30
"""Combining marks in a row that are still put into order (UAX 15, Stream-Safe Text Format)."""

_LAST_COMBINING = 0x1F000
"""The first of the code points behind which there are no more of them."""


def _starts_combining(character: str) -> bool:
    """Whether its decomposition begins with a combining mark: a few that are none themselves do."""
    if unicodedata.combining(character):
        return True
    whole = unicodedata.decomposition(character)
    return bool(whole) and unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


_COMBINING = "".join(character for character in map(chr, range(0x300, _LAST_COMBINING)) if _starts_combining(character))
_LONG_COMBINING = re.compile(f"([{_COMBINING}]{{{MAX_COMBINING + 1},}})")

_MAYBE = "".join(character for character in _COMBINING if character < "\U00010000") + "\U00010000-\U0001f000"
_MAYBE_LONG_COMBINING = re.compile(f"[{_MAYBE}][{_MAYBE}]{{{MAX_COMBINING}}}")
"""Finds every such run, and others: a hundred times faster than the exact one, which has no bitmap for its class."""

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def normalize_unicode(text: str, form: Literal["NFC", "NFKC", "NFKD"] = "NFC") -> str:
    """Normalise text in linear time: a run of more than MAX_COMBINING marks is left as it is.

    Python sorts such a run by insertion, which is quadratic in its length.
    """
    if text.isascii():
        return text
    if len(text) <= MAX_COMBINING or not _MAYBE_LONG_COMBINING.search(text):
        return unicodedata.normalize(form, text)
    parts = _LONG_COMBINING.split(text)
    return "".join(part if number % 2 else unicodedata.normalize(form, part) for number, part in enumerate(parts))


def storable_text(text: str) -> str:
    """Return text that every database stores: without NUL, and with U+FFFD for half a character."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _HALF_CHARACTERS.sub("\ufffd", text)


def strip_markup(text: str) -> str:
    """The text without HTML tags, as plain text: "Tom & Jerry" stays, "<b>Tom</b>" and "&lt;b&gt;Tom" are "Tom".

    The only place that knows bleach, which is at the end of its life; nh3 is its heir.
    """
    if "<" not in text and "&" not in text:
        return text  # bleach takes 50 µs for a short name
    plain = html.unescape(bleach.clean(text, tags=set(), strip=True))
    return plain if plain == text else strip_markup(plain)


def collapse_whitespace(text: str) -> str:
    """NFC, trimmed, with single spaces between words."""
    return RUNS_OF_WHITE.sub(" ", normalize_unicode(text)).strip(" ")


def has_control_characters(text: str) -> bool:
    """Whether it holds characters that are not to be seen: control characters, or marks that turn text around."""
    return any(unicodedata.category(character) == "Cc" for character in text) or bool(BIDI_CONTROLS.search(text))


def strip_controls(text: str) -> str:
    """The text without control characters and marks that turn it around; joiners and tags of emoji stay."""
    return CONTROLS.sub("", text)


def fold_case(text: str) -> str:
    """The text as compared: compatible characters and letter cases are the same."""
    return normalize_unicode(normalize_unicode(text, "NFKC").casefold(), "NFKC")
