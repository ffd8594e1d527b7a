"""Work that is due every so often."""

from collections.abc import Callable

from flask import Flask


def register(app: Flask, name: str, every_seconds: int, function: Callable[[], None]) -> None:
    """Have `function` called every so many seconds, once in the fleet."""
    app.extensions.setdefault("tasks", {})[name] = (every_seconds, function)
