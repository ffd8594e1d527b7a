"""Lazy payloads: content that its owner supplies at send time instead of storing it in the outbox."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

Source = Callable[[uuid.UUID], dict[str, Any] | None]
"""Returns the template values of a message about that id, None if there is nothing left to say."""


def init_app(app: Flask) -> None:
    """Create the app's registry of sources."""
    app.extensions["sources"] = {}


def register(app: Flask, kind: str, source: Source) -> None:
    """Load the payload of messages of that kind from `source`."""
    app.extensions["sources"][kind] = source


def load_payload(kind: str, about: uuid.UUID | None) -> dict[str, Any] | None:
    """Load the payload of a message; None if nothing supplies one."""
    source: Source | None = current_app.extensions["sources"].get(kind)
    return source(about) if source and about else None
