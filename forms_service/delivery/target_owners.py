"""Finds the account of messages without a submission, by their target."""

import uuid
from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import ColumnElement, or_

Condition = Callable[[uuid.UUID | None], ColumnElement[bool]]
"""Returns the condition on messages to an account's targets; None for everybody's."""


def init_app(app: Flask) -> None:
    """Create the registry."""
    app.extensions["target_owners"] = []


def register(app: Flask, condition: Condition) -> None:
    """Add targets of a package."""
    app.extensions["target_owners"].append(condition)


def go_to_targets_of(account_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Return the condition on messages to targets of an account, or of anybody."""
    conditions: list[Condition] = current_app.extensions["target_owners"]
    return or_(*(condition(account_id) for condition in conditions))
