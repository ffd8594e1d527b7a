"""The transport interface and its message."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class DeliveryError(Exception):
    """A failed delivery; `permanent` is the whole retry contract.

    The text is stored encrypted: it may quote the server.
    """

    def __init__(self, message: str, permanent: bool = False, bad_address: bool = False) -> None:
        self.permanent = permanent
        self.bad_address = bad_address
        """The mailbox does not exist; it is suppressed."""
        super().__init__(message)


class SuppressedError(Exception):
    """The recipient is on the suppression list."""


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """A decrypted message, ready to send."""

    id: uuid.UUID
    kind: str
    created_at: datetime
    target: str = field(repr=False)
    values: dict[str, Any] = field(repr=False)


class Transport(Protocol):
    """Sends the messages of one channel."""

    def send(self, message: OutgoingMessage) -> str:
        """Return the receiver's reply.

        :raises DeliveryError: when not accepted
        """

    def close(self) -> None:
        """Close any open connection."""
