"""Finds out who may see messages without a submission, by their target."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, or_

Condition = Callable[[Any], ColumnElement[bool]]
"""Returns the condition on messages to targets that a caller manages."""


def init_app(app: Flask) -> None:
    """Create the registry."""
    app.extensions["target_owners"] = []


def register(app: Flask, condition: Condition) -> None:
    """Add targets of a package."""
    app.extensions["target_owners"].append(condition)


def go_to_targets_of(caller: Any) -> ColumnElement[bool]:
    """Return the condition on messages to targets that the caller manages."""
    conditions: list[Condition] = current_app.extensions["target_owners"]
    return or_(*(condition(caller) for condition in conditions))
