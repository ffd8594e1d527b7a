"""Lazy payloads: loaded at send time instead of stored."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

Source = Callable[[uuid.UUID], dict[str, Any] | None]
"""Returns an id's template values, None if nothing is left."""


def init_app(app: Flask) -> None:
    """Create the registry of sources."""
    app.extensions["sources"] = {}


def register(app: Flask, kind: str, source: Source) -> None:
    """Register the source of a kind."""
    app.extensions["sources"][kind] = source


def load_payload(kind: str, about: uuid.UUID | None) -> dict[str, Any] | None:
    """Load a payload; None without a source."""
    source: Source | None = current_app.extensions["sources"].get(kind)
    return source(about) if source and about else None
