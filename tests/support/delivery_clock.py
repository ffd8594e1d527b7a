"""A movable clock for the outbox."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from forms_service.database.types import now
from forms_service.delivery import channels, digests, due_messages, lanes, leases, outbox


def movable_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the outbox's clock; what is returned moves it on: `clock(seconds=5)`."""
    ahead = timedelta()

    def later() -> datetime:
        return now() + ahead

    def move(**by: float) -> None:
        nonlocal ahead
        ahead += timedelta(**by)

    for module in (leases, outbox, digests, lanes, due_messages, channels):
        monkeypatch.setattr(module, "now", later)
    return move
