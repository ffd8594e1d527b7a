"""Text folded for search: without case, accents and compatibility variants."""

import unicodedata

from forms_service.validation.whitespace import is_ignorable

FOLDED_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "\u0131": "i",
        "ŧ": "t",
        "ð": "d",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ŀ": "l",
        **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    }
)
"""Letters that Unicode does not decompose, and typographic punctuation."""

MAX_REMEMBERED = 20_000
"""Cached characters."""

KEPT_CLASSES = (0, 8, 9)
"""Not accents: vowel signs, Kana voicing marks, virama."""


class _Folding(dict[int, str]):
    """Folds characters alone: normalizing long runs of combining marks is not linear."""

    def __missing__(self, point: int) -> str:
        folded = _fold_character(chr(point))
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        self[point] = folded
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def _fold_character(character: str) -> str:
    if is_ignorable(character):
        return ""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(part for part in decomposed if unicodedata.combining(part) in KEPT_CLASSES).translate(FOLDED_LETTERS)
