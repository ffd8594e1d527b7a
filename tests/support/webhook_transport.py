"""A webhook channel that needs no network: endpoints answer, fail or hang as a test says."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from forms_service.database.transactions import write_session
from forms_service.delivery import outbox, payloads, worker
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.delivery.models import Message
from forms_service.delivery.outbox import Target
from forms_service.encryption.keyring import current_key_ring
from forms_service.extensions import db

KIND = "test.hook"


class Endpoints:
    """Takes deliveries by URL; `faults` are called instead of answering."""

    def __init__(self) -> None:
        self.faults: dict[str, Callable[[], Answer]] = {}
        self.messages: list[tuple[str, uuid.UUID]] = []
        self.calls: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send(self, message: OutgoingMessage) -> Answer:
        assert not db.session().in_transaction(), "no transaction stays open while sending"
        url = message.target
        with self._lock:
            self.calls[url] += 1
            self._in_flight[url] += 1
            self.most_at_once[url] = max(self.most_at_once[url], self._in_flight[url])
        try:
            answer = self.faults.get(url, lambda: Answer("ok", 200))()
            with self._lock:
                self.messages.append((url, message.id))
            return answer
        finally:
            with self._lock:
                self._in_flight[url] -= 1

    def close(self) -> None:
        pass

    def urls(self) -> list[str]:
        """The endpoints in the order in which they took deliveries."""
        return [url for url, _ in self.messages]


def fail(text: str, **details: Any) -> Callable[[], Answer]:
    """A fault: the answer of an endpoint that does not accept."""

    def raise_it() -> Answer:
        raise DeliveryError(text, **details)

    return raise_it


def register(app: Flask, *, source: payloads.Source = lambda _: {"text": "hello"}) -> Endpoints:
    """Register a webhook channel in an app."""
    endpoints = Endpoints()
    worker.register_transport(app, "webhook", lambda: endpoints)
    payloads.register(app, KIND, source)
    return endpoints


def target_of(url: str, target_id: uuid.UUID | None = None) -> Target:
    index = current_key_ring().index(url, outbox.TARGET_CONTEXT)
    return Target(url, index, index[: outbox.LANE_BYTES], target_id)


def queue(*urls: str, about: uuid.UUID | None = None, target_id: uuid.UUID | None = None, kind: str = KIND) -> None:
    """Queue a delivery to each URL, in this order."""
    targets = [target_of(url, target_id) for url in urls]
    with write_session():
        rows = [outbox.message_row("webhook", kind, target, about=about) for target in targets]
        outbox.insert_rows(db.session.connection(), rows)
        db.session.commit()


def count_states() -> dict[str, int]:
    """Count messages by state."""
    query = select(Message.state, func.count()).group_by(Message.state)
    counts: dict[str, int] = {row[0]: row[1] for row in db.session.execute(query)}
    db.session.rollback()
    return counts
