"""Functions and the worst input that is known for them, of any size."""

from collections.abc import Callable
from typing import Any, NamedTuple

MARKS = "\u0301\u0316"

Hostile = Callable[[int], Any]


class Work(NamedTuple):
    """A function, an input for it of about so many bytes or characters, and how large that is at 1 time."""

    run: Callable[[Any], object]
    hostile: Hostile
    size: int = 4096


def filled(unit: str, before: str = "", after: str = "") -> Hostile:
    return lambda size: before + unit * (size // len(unit)) + after


def raw(unit: bytes, before: bytes = b"", after: bytes = b"") -> Hostile:
    return lambda size: before + unit * (size // len(unit)) + after
