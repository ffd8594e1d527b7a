"""A digest is settled while its submissions are erased."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import digests, outbox
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.notifications import submission_mail
from tests.conftest import MakeApp
from tests.support.outbox import ANN, mail_row

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def settle(app: Flask) -> None:
    with app.app_context():
        digest = db.session.scalars(select(Message.id).where(Message.kind == digests.KIND)).one()
        digests.settle(digest, "sent")


def test_what_is_erased_meanwhile_does_not_end_it_early(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others would be mailed one by one after HOLD."""
    monkeypatch.setattr(digests, "BATCH_SIZE", 4)
    app = make_app(DATABASE_URL=postgres_url)
    with app.app_context(), write_session():
        rows = [mail_row(submission_mail.KIND, ANN, about=new_id()) for _ in range(9)]
        outbox.insert_rows(db.session.connection(), rows)
        first, *_, digest = db.session.scalars(select(Message.id)).all()
        db.session.execute(update(Message).where(Message.id != digest).values(digest_id=digest))
        db.session.execute(update(Message).where(Message.id == digest).values(kind=digests.KIND))
        db.session.commit()
    with psycopg.connect(postgres_url) as erasing, ThreadPoolExecutor() as pool:
        erasing.execute("DELETE FROM outbox WHERE id = %s", [first])
        settling = pool.submit(settle, app)
        with psycopg.connect(postgres_url, autocommit=True) as watching:
            while not watching.execute(WAITING).fetchone():
                assert not settling.done(), "it waits for the row"
                time.sleep(0.01)
        erasing.commit()
        settling.result()
    with app.app_context():
        held = select(Message.state, func.count()).where(Message.digest_id.is_not(None)).group_by(Message.state)
        assert dict(db.session.execute(held).all()) == {"sent": 7}
