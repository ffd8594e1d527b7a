"""What a worker has in hand, and who takes it from there."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class DeliveryError(Exception):
    """Why a message did not go; `permanent` says that trying again is of no use. That is the whole contract.

    The text is kept with the attempt, encrypted: it may be what the other side said.
    """

    def __init__(self, message: str, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """A message as it is sent."""

    id: uuid.UUID
    kind: str
    created_at: datetime
    target: str = field(repr=False)
    values: dict[str, Any] = field(repr=False)


class Transport(Protocol):
    """Sends what goes by one channel."""

    def send(self, message: OutgoingMessage) -> str:
        """What the other side answered.

        :raises DeliveryError: when it did not take it
        """

    def close(self) -> None:
        """Let go of what is kept open for the next message."""
