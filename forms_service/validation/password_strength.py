"""Bits of a password against words, leet, reversals, keyboard walks and dates."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from math import log2

from forms_service.validation.text import fold_case

MIN_BITS = 23.0
"""A word with year and sign has 20, twelve random characters over 50."""

EVERYDAY_BITS, MAX_WORD_BITS = 9.0, 11.0
REVERSED_BITS, LEET_BITS = 1.0, 0.5
WALK_BITS, YEAR_BITS, DATE_BITS, REPEAT_BITS = 5.0, 7.0, 12.0, 1.5
LETTER_BITS, DIGIT_BITS, COMMON_SIGN_BITS, SIGN_BITS = 4.7, 3.3, 2.5, 4.0
COMMON_SIGNS = frozenset("!.?#*-_@$ ,+&")

MAX_WORD, MIN_WALK, MIN_RUN_OF_LETTERS, MIN_RUN_OF_DIGITS = 16, 3, 5, 6
MIN_CONTEXT, MIN_CONTEXT_INSIDE = 3, 5
"""Between non-letters, and anywhere."""

LEETS = (
    str.maketrans("@4836905$71!|(2+", "aabeggosstiiiczt"),
    str.maketrans("@4836905$71!|(2+", "aabeggosstlllczt"),
)
"""1 and ! stand for i or l."""

DATE = re.compile(
    r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
YEAR = re.compile(r"(?:19|20)\d\d")

WALKS = (
    "01234567890",
    "!@#$%^&*()",
    '!"§$%&/()=',
    "qwertyuiop",
    "qwertzuiopü",
    "azertyuiop",
    "asdfghjklöä",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "!qaz@wsx#edc$rfv%tgb",
    "zaq1xsw2cde3vfr4",
    "1qay2wsx3edc4rfv5tgb6zhn7ujm",
    '!qay"wsx§edc$rfv%tgb',
    "1aqw2zsx3edc4rfv",
    "1q2w3e4r5t6y7u8i9o0p",
    "1q2w3e4r5t6z7u8i9o0p",
    "1a2z3e4r5t6y",
    "q1w2e3r4t5y6",
    "a1b2c3d4e5f6",
    "147258369",
    "741852963",
    "789456123",
    "159357",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзийклмн",
)


def is_guessable(password: str) -> bool:
    return estimate_bits(password) < MIN_BITS


def estimate_bits(password: str) -> float:
    """Return the cheapest description's bits, infinite without one."""
    plain = _fold(password)
    without = [0.0, *([float("inf")] * len(plain))]
    best = [float("inf")] * (len(plain) + 1)
    for start in range(len(plain)):
        for end, cost, is_base in _next_steps(plain, start):
            if is_base:
                best[end] = min(best[end], without[start] + cost, best[start] + cost)
            else:
                without[end] = min(without[end], without[start] + cost)
                best[end] = min(best[end], best[start] + cost)
    return best[-1]


def contains_context(password: str, context: Iterable[str]) -> bool:
    """Whether it contains a context word, also in leet."""
    plain = _fold(password)
    texts = {plain, *(plain.translate(leet) for leet in LEETS)}
    squeezed = {re.sub(r"[\W_]+", "", text) for text in texts}
    for word in {re.sub(r"[\W_]+", "", _fold(term)) for term in context}:
        if len(word) >= MIN_CONTEXT_INSIDE:
            if any(word in text for text in squeezed):
                return True
        elif len(word) >= MIN_CONTEXT and any(re.search(rf"(?<![^\W\d_]){word}(?![^\W\d_])", text) for text in texts):
            return True
    return False


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", fold_case(text))
    return unicodedata.normalize(
        "NFC", "".join(character for character in decomposed if not unicodedata.combining(character))
    )


def _next_steps(plain: str, start: int) -> Iterator[tuple[int, float, bool]]:
    character = plain[start]
    yield start + 1, _character_bits(character), False
    run = start + 1
    while run < len(plain) and plain[run] == character:
        run += 1
    if run >= start + (MIN_RUN_OF_LETTERS if character.isalpha() else 2) and character.isascii():
        yield run, _character_bits(character) + REPEAT_BITS, character.isalpha() or run - start >= MIN_RUN_OF_DIGITS
    for pattern, cost in ((DATE, DATE_BITS), (YEAR, YEAR_BITS)):
        match = pattern.match(plain, start)
        if match:
            yield match.end(), cost, pattern is DATE
    for end in range(start + MIN_WALK, min(len(plain), start + MAX_WORD) + 1):
        part = plain[start:end]
        if part in _walks():
            yield end, WALK_BITS, True
        word_bits = _word_bits(part)
        if word_bits is not None:
            yield end, word_bits, True


def _word_bits(part: str) -> float | None:
    costs = []
    for text, leet_cost in ((part, 0.0), *((part.translate(leet), LEET_BITS) for leet in LEETS)):
        for word, reversal_cost in ((text, 0.0), (text[::-1], REVERSED_BITS)):
            cost = _words().get(word)
            if cost is not None:
                costs.append(cost + leet_cost + reversal_cost)
    return min(costs, default=None)


def _character_bits(character: str) -> float:
    if character.isalpha():
        return LETTER_BITS
    if character.isdecimal():
        return DIGIT_BITS
    return COMMON_SIGN_BITS if character in COMMON_SIGNS else SIGN_BITS


@cache
def _words() -> dict[str, float]:
    common = files(__package__).joinpath("common_words.txt").read_text("utf-8").split()
    words = {word: min(MAX_WORD_BITS, log2(rank + 16)) for rank, word in enumerate(common)}
    for word in files(__package__).joinpath("everyday_words.txt").read_text("utf-8").split():
        words[word] = min(EVERYDAY_BITS, words.get(word, EVERYDAY_BITS))
    return words


@cache
def _walks() -> frozenset[str]:
    lines = [line for walk in WALKS for line in (_fold(walk), _fold(walk)[::-1])]
    return frozenset(
        line[start:end]
        for line in lines
        for start in range(len(line))
        for end in range(start + MIN_WALK, min(len(line), start + MAX_WORD) + 1)
    )
