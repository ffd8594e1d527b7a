"""What is done to text before it is looked at."""

import html
import re
import unicodedata

import bleach

WHITE = "\\t\\n\\v\\f\\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as browsers know it, for a character class; Python's own \\s has control characters besides."""

RUNS_OF_WHITE = re.compile(f"[{WHITE}]+")

BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the text after them around: they make a name read as something else."""

CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, half characters, and the marks above."""


def strip_markup(text: str) -> str:
    """The text without HTML tags, as plain text: "Tom & Jerry" stays, "<b>Tom</b>" and "&lt;b&gt;Tom" are "Tom".

    The only place that knows bleach, which is at the end of its life; nh3 is its heir.
    """
    if "<" not in text and "&" not in text:
        return text  # bleach takes 50 µs for a short name
    plain = html.unescape(bleach.clean(text, tags=set(), strip=True))
    return plain if plain == text else strip_markup(plain)


def one_line(text: str) -> str:
    """NFC, trimmed, with single spaces between words."""
    return RUNS_OF_WHITE.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")


def has_controls(text: str) -> bool:
    """Whether it holds characters that are not to be seen: control characters, or marks that turn text around."""
    return any(unicodedata.category(character) == "Cc" for character in text) or bool(BIDI_CONTROLS.search(text))


def without_controls(text: str) -> str:
    """The text without control characters and marks that turn it around; joiners and tags of emoji stay."""
    return CONTROLS.sub("", text)


def folded(text: str) -> str:
    """The text as compared: compatible characters and letter cases are the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
