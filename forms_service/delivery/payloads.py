"""What messages say that is not kept with them: read when they are sent, from the room that they come from."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

Source = Callable[[uuid.UUID], dict[str, Any] | None]
"""The values for the templates of a message about that; None when there is nothing to say any more."""


def init_app(app: Flask) -> None:
    """Give the app its list of sources."""
    app.extensions["sources"] = {}


def register(app: Flask, kind: str, source: Source) -> None:
    """Ask `source` what messages of that kind say."""
    app.extensions["sources"][kind] = source


def load_payload(kind: str, about: uuid.UUID | None) -> dict[str, Any] | None:
    """What a message of a kind says about something; None when nobody knows."""
    source: Source | None = current_app.extensions["sources"].get(kind)
    return source(about) if source and about else None
