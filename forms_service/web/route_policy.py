"""What every route has to say about itself: who may call it, and which limits it counts against.

`tests/architecture/test_architecture.py` walks the url map: a route that says nothing fails it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Anybody may call it."""
    return guarded("public")(view)


def guarded(by: str) -> Callable[[View], View]:
    """Note by what a view is guarded; the guard itself is the decorator that calls this."""

    def mark(view: View) -> View:
        view.guarded_by = by  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark


def unlimited(why: str) -> Callable[[View], View]:
    """It counts against no rate limit, and why that is safe."""

    def mark(view: View) -> View:
        view.unlimited = why  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark
