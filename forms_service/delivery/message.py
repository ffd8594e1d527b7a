"""The transport interface, its message and its result.

DeliveryError        not accepted; `permanent` decides on a retry
SuppressedError      not to be sent at all
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class DeliveryError(Exception):
    """A failed delivery; `permanent` is the whole retry contract.

    The text is stored encrypted: it may quote the server.
    """

    def __init__(self, message: str, permanent: bool = False, bad_address: bool = False, **reply: Any) -> None:
        self.permanent = permanent
        self.bad_address = bad_address
        """The mailbox does not exist; it is suppressed."""
        self.reply = Reply(**reply)
        super().__init__(message)


class Reply(NamedTuple):
    """Details of a reply; `DeliveryError` takes them as keywords."""

    status: int | None = None
    """HTTP status, or SMTP reply code."""

    retry_after: float | None = None
    """Seconds. It delays the next attempt of the schedule, by at most a day, and never advances it."""

    slow_down: bool = False
    """The whole target is overloaded (429, 502, 504): its circuit opens."""


NO_REPLY = Reply()


class SuppressedError(Exception):
    """The recipient is on the suppression list."""


class Answer(NamedTuple):
    """The receiver's reply."""

    text: str
    """Stored encrypted, up to 2 KiB."""

    status: int | None = None


@dataclass(frozen=True)
class Result:
    """The outcome of an attempt: `sent`, `again`, `failed` or `suppressed`."""

    outcome: str
    answer: str
    reply: Reply = NO_REPLY
    seconds: float | None = None
    """Time that the target took; None if it was not asked."""

    is_working: bool | None = None
    """Whether the target accepted or refused for good; None if it was not asked."""

    bad_address: str | None = None


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """A decrypted message, ready to send."""

    id: uuid.UUID
    kind: str
    created_at: datetime
    target: str = field(repr=False)
    values: dict[str, Any] = field(repr=False)


class Transport(Protocol):
    """Sends the messages of one channel.

    Each thread has its own transport and calls it in an app context, so a transport needs no lock of its own. Whatever
    transports share (a module's state, a pool) must be safe for threads. `send` has to end within the lease, and leaves
    no database transaction open.
    """

    def send(self, message: OutgoingMessage) -> Answer:
        """Return the receiver's reply.

        :raises DeliveryError: when not accepted
        """

    def close(self) -> None:
        """Close any open connection; `send` may be called again and then opens another."""
