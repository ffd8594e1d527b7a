"""Due messages, dealt to lanes in turn.

Windows of the due index are kept in memory by lane. Lanes in them are left out of the next window, so that flooded ones
do not hide the others.
"""

import time
import uuid
from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from forms_service.database.types import now
from forms_service.delivery.floods import Floods
from forms_service.delivery.lanes import Lanes
from forms_service.delivery.models import URGENT, Message
from forms_service.extensions import db

WINDOW = 256
"""Messages per query."""

MAX_WINDOWS = 8
"""Per refill; further floods are passed in the next one."""

MAX_BUFFERED_LANES = 500
"""With so many there is enough to deal, and a query leaves out no more."""

REFRESH_INTERVAL = 0.25
"""Seconds until other lanes are looked for, although those in memory have enough to send."""

FLOOD = WINDOW // 2
"""Messages of one lane in a window."""

NO_LANE = b""
"""Of messages that an older version queued."""

LANE = func.coalesce(Message.lane, NO_LANE)


class Candidate(NamedTuple):
    """A message that was due, and the lane reserved for it."""

    id: uuid.UUID
    lane: bytes
    due_at: datetime


class DueMessages:
    """Due messages of one channel and priority."""

    def __init__(self, channel: str, priority: int, lanes: Lanes, floods: Floods) -> None:
        self._channel, self._priority, self._lanes, self._floods = channel, priority, lanes, floods
        self._ignore_circuits = priority == URGENT  # somebody waits for it, and it is a probe as good as any
        self._queues: dict[bytes, deque[Candidate]] = {}
        self._refilled_at = 0.0
        self.is_exhausted = False
        """Whether the last call found nothing to send."""

    def take(self, count: int, candidates: list[Candidate]) -> None:
        """Append up to so many candidates, reserving their lanes; the caller releases them, after an error too."""
        before, found_none = len(candidates), False
        candidates += self._deal(count)
        short = count - (len(candidates) - before)
        if short or time.monotonic() > self._refilled_at + REFRESH_INTERVAL:
            found_none = not self._refill()
            candidates += self._deal(short)
        self.is_exhausted = found_none and len(candidates) == before

    def forget(self, lane: bytes) -> None:
        """Read what is due in this lane anew."""
        self._queues.pop(lane, None)

    def _deal(self, count: int) -> list[Candidate]:
        dealt: list[Candidate] = []
        ready = deque(self._queues)
        while ready and len(dealt) < count:
            lane = ready.popleft()
            if not self._lanes.start(lane, ignore_circuits=self._ignore_circuits):
                continue
            queue = self._queues.pop(lane)
            dealt.append(queue.popleft())
            if queue:
                self._queues[lane] = queue  # at the end: the others come first next time
                ready.append(lane)
        return dealt

    def _refill(self) -> int:
        due = 0
        for _ in range(MAX_WINDOWS):
            blocked = set(self._lanes.blocked(ignore_circuits=self._ignore_circuits))
            if len(self._queues) >= MAX_BUFFERED_LANES:
                self._queues = {lane: queue for lane, queue in self._queues.items() if lane not in blocked}
            if len(self._queues) >= MAX_BUFFERED_LANES:
                return len(self._queues)
            blocked |= self._queues.keys()
            rows = self._next_window(blocked)
            self._keep(rows)
            due += len(rows)
            if len(rows) < WINDOW:
                break
        self._refilled_at = time.monotonic()
        return due

    def _keep(self, rows: Sequence[Any]) -> None:
        for message_id, lane, due_at in rows:
            candidate = Candidate(message_id, bytes(lane), due_at)
            self._queues.setdefault(candidate.lane, deque()).append(candidate)
        for lane in {bytes(lane) for _, lane, _ in rows}:
            if len(self._queues[lane]) >= FLOOD:
                self._floods.add(lane)

    def _next_window(self, blocked: set[bytes]) -> Sequence[Any]:
        start = self._floods.start(blocked, self._scan)
        query = self._due(Message.id, LANE, Message.next_attempt_at, blocked=blocked).limit(WINDOW)
        rows = db.session.execute(query if start is None else query.where(Message.next_attempt_at >= start)).all()
        db.session.rollback()
        return rows

    def _scan(self, flooded: frozenset[bytes]) -> datetime:
        moment = now()
        query = self._due(Message.next_attempt_at, blocked=flooded).limit(1)
        return db.session.scalar(query) or moment

    def _due(self, *columns: Any, blocked: Collection[bytes]) -> Select[*tuple[Any, ...]]:
        return (
            select(*columns)
            .where(Message.state == "waiting", Message.channel == self._channel, Message.priority == self._priority)
            .where(Message.next_attempt_at <= now(), LANE.not_in(blocked))
            .order_by(Message.next_attempt_at)
        )
