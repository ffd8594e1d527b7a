"""Text normalisation."""

import html
import re
import unicodedata
from typing import Literal

import bleach

WHITE = "\\t\\n\\v\\f\\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
r"""As in browsers; Python's \s includes control characters."""

RUNS_OF_WHITE = re.compile(f"[{WHITE}]+")

BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


MAX_COMBINING = 30
"""Longest normalised run (UAX 15, Stream-Safe Text Format)."""

_LAST_COMBINING = 0x1F000


def _starts_combining(character: str) -> bool:
    if unicodedata.combining(character):
        return True
    decomposition = unicodedata.decomposition(character)
    return bool(decomposition) and unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


_COMBINING = "".join(character for character in map(chr, range(0x300, _LAST_COMBINING)) if _starts_combining(character))
_LONG_COMBINING = re.compile(f"([{_COMBINING}]{{{MAX_COMBINING + 1},}})")

_MAYBE = "".join(character for character in _COMBINING if character < "\U00010000") + "\U00010000-\U0001f000"
_MAYBE_LONG_COMBINING = re.compile(f"[{_MAYBE}][{_MAYBE}]{{{MAX_COMBINING}}}")
"""Finds more, a hundred times faster."""

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")


def normalize_unicode(text: str, form: Literal["NFC", "NFKC", "NFKD"] = "NFC") -> str:
    """Normalise, but skip long runs of combining marks, which Python sorts quadratically."""
    if text.isascii():
        return text
    if len(text) <= MAX_COMBINING or not _MAYBE_LONG_COMBINING.search(text):
        return unicodedata.normalize(form, text)
    parts = _LONG_COMBINING.split(text)
    return "".join(part if number % 2 else unicodedata.normalize(form, part) for number, part in enumerate(parts))


def storable_text(text: str) -> str:
    """Remove NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _HALF_CHARACTERS.sub("\ufffd", text)


def strip_markup(text: str) -> str:
    """Remove HTML tags: "Tom & Jerry" stays, "&lt;b&gt;Tom" becomes "Tom"."""
    if "<" not in text and "&" not in text:
        return text  # bleach takes 50 µs for a short name
    # bleach is deprecated in favour of nh3
    plain = html.unescape(bleach.clean(text, tags=set(), strip=True))
    return plain if plain == text else strip_markup(plain)


def collapse_whitespace(text: str) -> str:
    """Normalise to NFC, trim, collapse white space."""
    return RUNS_OF_WHITE.sub(" ", normalize_unicode(text)).strip(" ")


def has_control_characters(text: str) -> bool:
    """Whether it has control characters or direction overrides."""
    return any(unicodedata.category(character) == "Cc" for character in text) or bool(BIDI_CONTROLS.search(text))


def strip_controls(text: str) -> str:
    """Remove direction overrides too."""
    return CONTROLS.sub("", text)


def fold_case(text: str) -> str:
    """Also fold compatible characters."""
    return normalize_unicode(normalize_unicode(text, "NFKC").casefold(), "NFKC")
