"""A transport that records messages, and the state of the outbox."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import leases, outbox
from forms_service.delivery.leases import Lease
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.delivery.models import Attempt, Message
from forms_service.encryption.compiled_sql import Row
from forms_service.extensions import db

ANN = "ann@example.com"


class RecordingTransport:
    """Takes what he is given; `answer` may refuse it."""

    messages: list[OutgoingMessage]
    answer: Callable[[OutgoingMessage], str]

    def __init__(self) -> None:
        self.messages = []
        self.answer = lambda _: "250 OK"

    def send(self, message: OutgoingMessage) -> Answer:
        assert not db.session().in_transaction(), "nothing is open in the database meanwhile"
        self.messages.append(message)
        return Answer(self.answer(message), 250)

    def close(self) -> None:
        pass


def enqueue(kind: str = "test", to: str = ANN, about: uuid.UUID | None = None, **more: Any) -> uuid.UUID | None:
    with write_session():
        identity = outbox.enqueue_mail(kind, to, {"token": "s3cret-token"}, about=about or new_id(), **more)
        db.session.commit()
    return identity


def mail_row(kind: str, to: str, *, about: uuid.UUID) -> Row:
    """A row for a mail to an address."""
    return outbox.message_row("mail", kind, outbox.mail_target(to), about=about)


def lease_next() -> Lease | None:
    """Lease the first message that is due."""
    due = select(Message.id).where(Message.state == "waiting", Message.next_attempt_at <= leases.now())
    identity = db.session.scalar(due.order_by(Message.priority, Message.next_attempt_at).limit(1))
    db.session.rollback()
    return next(iter(leases.acquire([identity])), None) if identity else None


def states() -> list[str]:
    return list(db.session.scalars(select(Message.state).order_by(Message.id)))


def attempts() -> list[tuple[str, str]]:
    query = select(Attempt.outcome, Attempt.answer).order_by(Attempt.id)
    return [(outcome, answer) for outcome, answer in db.session.execute(query)]


def refuse(answer: str, *, permanent: bool = False) -> Callable[[OutgoingMessage], str]:
    def answered(_: OutgoingMessage) -> str:
        raise DeliveryError(answer, permanent)

    return answered
