"""Queue mails and deliver them with a real worker."""

import uuid
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import outbox, worker
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db

ANN = "ann@example.com"


def text_of(mail: EmailMessage) -> str:
    """The text part."""
    return _part(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """The HTML part."""
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class _Shown(HTMLParser):
    """Collects text."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown_text(page: str) -> str:
    """The text that people see of HTML."""
    shown = _Shown()
    shown.feed(page)
    shown.close()
    return "".join(shown.texts)


def queue_mail(app: Flask, to: str = ANN, kind: str = "test", **values: Any) -> uuid.UUID | None:
    """Queue a mail, in a transaction of its own."""
    with app.app_context(), write_session():
        message_id = outbox.enqueue_mail(kind, to, values, about=new_id())
        db.session.commit()
    return message_id


def deliver(app: Flask) -> list[tuple[str, str]]:
    """One pass; outcome and answer of every attempt so far."""
    with app.app_context():
        worker.deliver_due()
        query = select(Attempt.outcome, Attempt.answer).order_by(Attempt.id)
        return [(outcome, answer) for outcome, answer in db.session.execute(query)]


def make_due(app: Flask) -> None:
    """As if the time until the next attempt had gone by."""
    with app.app_context(), write_session():
        db.session.execute(update(Message).where(Message.state == "waiting").values(next_attempt_at=now()))
        db.session.commit()
