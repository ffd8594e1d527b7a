"""Patterns of owners, on an engine that takes time in proportion to the text whatever they say (RE2)."""

import re2

LONGEST_PATTERN = 500
LONGEST_MATCHED = 2000
"""Characters of a value that a pattern is tried on; the slowest pattern found takes 45 ms for so many."""

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 2**21  # enough for \\pL{1,50}; what takes more is refused
_OPTIONS.log_errors = False  # they would go to standard error, with the pattern
_OPTIONS.never_capture = True

JAVASCRIPT_DIFFERS = ("[[", "&&", "--", "~~")
"""What means something else inside a class where a browser reads it (the v flag of its expressions)."""


class Pattern:
    """A pattern that a whole value matches or not, as in HTML."""

    def __init__(self, text: str) -> None:
        """:raises ValueError: saying why, when it does not compile or is too big"""
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except re2.error as error:
            raise ValueError(_reason(error)) from error

    def matches(self, value: str) -> bool:
        """Whether the whole value is as the pattern says."""
        return self._compiled.fullmatch(value) is not None


def for_html(text: str) -> str | None:
    """The pattern as a browser may check it; None where a browser would take it for another."""
    return None if any(sign in text for sign in JAVASCRIPT_DIFFERS) else text


def _reason(error: re2.error) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return "it is too big" if "too large" in text or "repetition size" in text else text.partition(":")[0]
