"""Guard, limits or exemption of each route, which `tests/architecture/test_architecture.py` requires."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    return guarded("public")(view)


def guarded(by: str) -> Callable[[View], View]:
    """Declare the guard: the decorator that calls this."""

    def decorate(view: View) -> View:
        view.guarded_by = by  # type: ignore[attr-defined]  # a mark on a function
        return view

    return decorate


def unlimited(why: str) -> Callable[[View], View]:
    """Exempt a view from rate limits, saying why."""

    def decorate(view: View) -> View:
        view.unlimited = why  # type: ignore[attr-defined]  # a mark on a function
        return view

    return decorate
