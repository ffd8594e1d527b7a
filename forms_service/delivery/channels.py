"""Channels: how messages of each kind of target are sent, and one pass over what is due."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask

from forms_service.database.types import now
from forms_service.delivery import leases
from forms_service.delivery.due_messages import Candidate, DueMessages
from forms_service.delivery.floods import Floods
from forms_service.delivery.lanes import Lanes
from forms_service.delivery.message import Transport
from forms_service.delivery.models import ROUTINE, URGENT
from forms_service.delivery.senders import Senders


@dataclass(frozen=True)
class Channel:
    """A way to send, with what this process has learned about its targets."""

    name: str
    make_transport: Callable[[], Transport]
    threads: int
    lanes: Lanes
    floods: dict[int, Floods] = field(default_factory=lambda: {priority: Floods() for priority in (URGENT, ROUTINE)})


class ChannelPass:
    """Leases and sends what is due in one channel."""

    def __init__(self, app: Flask, channel: Channel, wakeup: threading.Event) -> None:
        self._channel = channel
        self._due = [
            DueMessages(channel.name, number, channel.lanes, floods) for number, floods in channel.floods.items()
        ]
        self.senders = Senders(app, channel.make_transport, channel.lanes, wakeup)

    def send_due(self, most: int) -> "Progress":
        """Lease up to `most` due messages, as many as threads are free, and hand them to the threads."""
        in_flight = self.senders.in_flight
        count = min(self._channel.threads - in_flight, most)
        candidates: list[Candidate] = []
        try:
            for due in self._due:
                if len(candidates) < count:
                    due.take(count - len(candidates), candidates)
        except BaseException:
            self._channel.lanes.release(candidate.lane for candidate in candidates)
            raise
        # what was in flight at first may have freed a lane since
        is_done = not in_flight and all(due.is_exhausted for due in self._due)
        delay = max(((now() - candidate.due_at).total_seconds() for candidate in candidates), default=0.0)
        return Progress(len(candidates), self._lease(candidates) if candidates else 0, delay, is_done)

    def _lease(self, candidates: list[Candidate]) -> int:
        lanes = {candidate.id: candidate.lane for candidate in candidates}
        acquired = []
        try:
            acquired = leases.acquire(lanes.keys())
            for lease in acquired:
                self.senders.submit(lease, lanes.pop(lease.id))
        finally:
            self._channel.lanes.release(lanes.values())  # held back, or another worker's
        for lane in lanes.values():
            for due in self._due:
                due.forget(lane)  # what waits there may have been taken along
        return len(acquired)


@dataclass(frozen=True)
class Progress:
    """Messages that were due, those of them that are being sent, and whether nothing is left to do."""

    due: int
    leased: int
    delay: float
    """Seconds that the oldest of them has been due."""

    is_done: bool
