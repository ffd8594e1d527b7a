"""Messages and attempts survive the migration that adds a state, which rebuilds their table on SQLite."""

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from forms_service.database import migrations
from forms_service.database.transactions import write_session
from forms_service.delivery import suppressions
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.support.mails import ANN, deliver, queue_mail


def rows() -> list[tuple[str, str, str, str]]:
    query = select(Message.target, Message.state, Attempt.outcome, Attempt.answer).join(Attempt).order_by(Attempt.id)
    values = [tuple(row) for row in db.session.execute(query)]
    db.session.rollback()
    return values  # type: ignore[return-value]


def move(command: str, to: str) -> None:
    getattr(migrations, command)(to)


def test_nothing_is_lost_on_the_way_down_and_up(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context():
        suppressions.suppress("bob@example.com", "operator")
    queue_mail(app_on_each_db)
    queue_mail(app_on_each_db, to="bob@example.com")
    deliver(app_on_each_db)
    with app_on_each_db.app_context():
        before = rows()
        assert [row[:3] for row in before] == [(ANN, "sent", "sent"), ("bob@example.com", "suppressed", "suppressed")]
        move("downgrade", "0011")
        assert db.session.scalars(text("SELECT state FROM outbox ORDER BY id")).all() == ["sent", "failed"]
        with pytest.raises(IntegrityError):
            db.session.execute(text("UPDATE outbox SET state = 'suppressed'"))
        db.session.rollback()
        move("upgrade", "head")
        assert [row[2:] for row in rows()] == [row[2:] for row in before]
        with write_session():
            db.session.execute(text("UPDATE outbox SET state = 'suppressed' WHERE state = 'failed'"))
            db.session.commit()
        assert rows() == before
        with write_session():
            db.session.execute(text("DELETE FROM outbox"))
            db.session.commit()
        assert rows() == [], "attempts go with their message"
        assert db.session.scalars(select(Attempt.id)).all() == []
