"""Patterns of owners, on an engine that takes time in proportion to the text whatever they say (RE2)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache

import re2

MAX_PATTERN_LENGTH = 500
MAX_MATCHED_LENGTH = 2000
"""Characters of a value that a pattern is tried on; the slowest pattern found takes 45 ms for so many."""

MEMORY_SIZES = (2**14, 2**16, 2**18, 2**21)
"""Bytes that a pattern may take, its cache of states included; the last is enough for `\\pL{1,50}`."""

BYTES_OF_INSTRUCTION = 8

MAX_MEMORY = 2**23
"""Bytes that the patterns of one form may take together."""

_memory_left: ContextVar[int | None] = ContextVar("memory_left", default=None)

JAVASCRIPT_DIFFERS = ("[[", "&&", "--", "~~")
"""What means something else inside a class where a browser reads it (the v flag of its expressions)."""


class PatternMemoryError(ValueError):
    """The patterns of a form take more than MAX_MEMORY together."""


@contextmanager
def limited_memory() -> Iterator[None]:
    """Compile the patterns of one form in here, so that they share MAX_MEMORY."""
    token = _memory_left.set(MAX_MEMORY)
    try:
        yield
    finally:
        _memory_left.reset(token)


class Pattern:
    """A pattern that a whole value matches or not, as in HTML."""

    def __init__(self, text: str) -> None:
        """Compile it.

        :raises PatternMemoryError: when the patterns of the form take too much memory together
        :raises ValueError: saying why, when it does not compile or is too big
        """
        left = _memory_left.get()
        if left is not None and left < MEMORY_SIZES[0]:
            raise PatternMemoryError
        try:
            self._compiled, self.size = _compile(text)
        except re2.error as error:
            raise ValueError(_reason(error)) from error
        finally:
            re2.purge()  # the library keeps the last 128 for itself
        if left is not None:
            _memory_left.set(max(left - self.size, 0))
            if left < self.size:
                raise PatternMemoryError

    def matches(self, value: str) -> bool:
        """Whether the whole value is as the pattern says."""
        return self._compiled.fullmatch(value) is not None


def _compile(text: str) -> tuple["re2._Regexp[str]", int]:
    """The pattern and the bytes it may take: the least of the sizes that leaves room for a cache of states."""
    for size in MEMORY_SIZES[:-1]:
        with suppress(re2.error):
            compiled = re2.compile(text, _options(size))
            if compiled.programsize * BYTES_OF_INSTRUCTION * 4 <= size:
                return compiled, size
    return re2.compile(text, _options(MEMORY_SIZES[-1])), MEMORY_SIZES[-1]


@cache
def _options(size: int) -> re2.Options:
    options = re2.Options()
    options.max_mem = size
    options.log_errors = False  # they would go to standard error, with the pattern
    options.never_capture = True
    return options


def html_pattern(text: str) -> str | None:
    """The pattern as a browser may check it; None where a browser would take it for another."""
    return None if any(sign in text for sign in JAVASCRIPT_DIFFERS) else text


def _reason(error: re2.error) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return "it is too big" if "too large" in text or "repetition size" in text else text.partition(":")[0]
