"""Owners' patterns, on RE2, which matches in linear time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache

import re2

MAX_PATTERN_LENGTH = 500
MAX_MATCHED_LENGTH = 2000
"""Characters; the slowest known pattern takes 45 ms."""

MEMORY_SIZES = (2**14, 2**16, 2**18, 2**21)
r"""Bytes per pattern with its states, tried in order; the last fits `\pL{1,50}`."""

BYTES_OF_INSTRUCTION = 8

MAX_MEMORY = 2**23
"""Bytes of a form's patterns."""

_memory_left: ContextVar[int | None] = ContextVar("memory_left", default=None)

JAVASCRIPT_DIFFERS = ("[[", "&&", "--", "~~")
"""Read differently by JavaScript's v flag."""


class PatternMemoryError(ValueError):
    """A form's patterns exceed MAX_MEMORY."""


@contextmanager
def limited_memory() -> Iterator[None]:
    """Make patterns compiled in this block share MAX_MEMORY."""
    token = _memory_left.set(MAX_MEMORY)
    try:
        yield
    finally:
        _memory_left.reset(token)


class Pattern:
    """Matches the whole value, as in HTML."""

    def __init__(self, text: str) -> None:
        """Raises PatternMemoryError, or ValueError with the reason."""
        left = _memory_left.get()
        if left is not None and left < MEMORY_SIZES[0]:
            raise PatternMemoryError
        try:
            self._compiled, self.size = _compile(text)
        except re2.error as error:
            raise ValueError(_reason(error)) from error
        finally:
            re2.purge()  # the library caches the last 128
        if left is not None:
            _memory_left.set(max(left - self.size, 0))
            if left < self.size:
                raise PatternMemoryError

    def matches(self, value: str) -> bool:
        return self._compiled.fullmatch(value) is not None


def _compile(text: str) -> tuple["re2._Regexp[str]", int]:
    for size in MEMORY_SIZES[:-1]:
        with suppress(re2.error):
            compiled = re2.compile(text, _options(size))
            # leave space for a cache of states
            if compiled.programsize * BYTES_OF_INSTRUCTION * 4 <= size:
                return compiled, size
    return re2.compile(text, _options(MEMORY_SIZES[-1])), MEMORY_SIZES[-1]


@cache
def _options(size: int) -> re2.Options:
    options = re2.Options()
    options.max_mem = size
    options.log_errors = False  # they would print the pattern to stderr
    options.never_capture = True
    return options


def html_pattern(text: str) -> str | None:
    """Return the pattern, or None if browsers read it differently."""
    return None if any(sign in text for sign in JAVASCRIPT_DIFFERS) else text


def _reason(error: re2.error) -> str:
    message = error.args[0] if error.args else ""
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
    return "it is too big" if "too large" in text or "repetition size" in text else text.partition(":")[0]
