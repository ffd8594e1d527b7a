"""Declarations that every route needs: its guard, and its rate limits or why it has none.

`tests/architecture/test_architecture.py` fails for a route without them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Declare a view public."""
    return guarded("public")(view)


def guarded(by: str) -> Callable[[View], View]:
    """Declare the guard of a view; the guard itself is the decorator that calls this."""

    def mark(view: View) -> View:
        view.guarded_by = by  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark


def unlimited(why: str) -> Callable[[View], View]:
    """Declare that a view has no rate limit, and why that is safe."""

    def mark(view: View) -> View:
        view.unlimited = why  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark
