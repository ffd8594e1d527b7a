"""Lazy payloads: loaded at send time instead of stored."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from flask import Flask, current_app

from forms_service.delivery.message import DeliveryError
from forms_service.encryption.associated_data import unreadable_flag


class MessageRef(NamedTuple):
    """A message whose payload is loaded at send time."""

    id: uuid.UUID
    kind: str
    about: uuid.UUID | None
    target_id: uuid.UUID | None
    created_at: datetime


Source = Callable[[MessageRef], dict[str, Any] | None]
"""Returns a message's values, None if its subject is gone.

:raises SuppressedError: if it must not be sent
"""


def init_app(app: Flask) -> None:
    """Create the registry of sources."""
    app.extensions["sources"] = {}


def register(app: Flask, kind: str, source: Source) -> None:
    """Register the source of a kind."""
    app.extensions["sources"][kind] = source


def kinds() -> tuple[str, ...]:
    """Return the kinds whose payload can be loaded again."""
    return tuple(current_app.extensions["sources"])


def require_readable(*values: str | None) -> None:
    """Refuse to send what is left of a subject that cannot be decrypted; once it can be, a retry sends it.

    :raises DeliveryError: permanent
    """
    if unreadable_flag(*values):
        raise DeliveryError("The submission cannot be decrypted.", permanent=True)


def load_payload(message: MessageRef) -> dict[str, Any] | None:
    """Load a payload; None without a source."""
    source: Source | None = current_app.extensions["sources"].get(message.kind)
    return source(message) if source else None
