"""Periodic work."""

from collections.abc import Callable

from flask import Flask


def register(app: Flask, name: str, every_seconds: int, function: Callable[[], object]) -> None:
    """Have `function` called inside an app context every so many seconds, once in the fleet."""
    app.extensions.setdefault("tasks", {})[name] = (every_seconds, function)
