"""A digest is settled while its submissions are erased, or after its lease."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id
from forms_service.delivery import digests, leases, outbox
from forms_service.delivery.message import Result
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.notifications import submission_mail
from tests.conftest import MakeApp
from tests.support.delivery_clock import movable_clock
from tests.support.outbox import ANN, mail_row

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def hold(app: Flask, count: int) -> tuple[uuid.UUID, uuid.UUID]:
    """Enqueue a digest of so many mails; return its id and that of its first one."""
    with app.app_context(), write_session():
        rows = [mail_row(submission_mail.KIND, ANN, about=new_id()) for _ in range(count + 1)]
        outbox.insert_rows(db.session.connection(), rows)
        first, *_, digest = db.session.scalars(select(Message.id)).all()
        db.session.execute(update(Message).where(Message.id != digest).values(digest_id=digest))
        db.session.execute(update(Message).where(Message.id == digest).values(kind=digests.KIND))
        db.session.commit()
    return digest, first


def settle(app: Flask, digest: uuid.UUID) -> None:
    with app.app_context():
        digests.settle(digest, "sent")


def held(app: Flask) -> dict[str, int]:
    """Count the mails of digests by their state."""
    query = select(Message.state, func.count()).where(Message.digest_id.is_not(None)).group_by(Message.state)
    with app.app_context():
        return {row[0]: row[1] for row in db.session.execute(query)}


def test_what_is_erased_meanwhile_does_not_end_it_early(
    make_app: MakeApp, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others would be mailed one by one after HOLD."""
    monkeypatch.setattr(digests, "BATCH_SIZE", 4)
    app = make_app(DATABASE_URL=postgres_url)
    digest, first = hold(app, 8)
    with psycopg.connect(postgres_url) as erasing, ThreadPoolExecutor() as pool:
        erasing.execute("DELETE FROM outbox WHERE id = %s", [first])
        settling = pool.submit(settle, app, digest)
        with psycopg.connect(postgres_url, autocommit=True) as watching:
            while not watching.execute(WAITING).fetchone():
                assert not settling.done(), "it waits for the row"
                time.sleep(0.01)
        erasing.commit()
        settling.result()
    assert held(app) == {"sent": 7}


def test_a_failure_that_is_known_after_the_lease_is_that_of_its_mails_too(
    app_on_each_db: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a suspended machine goes on, where nobody else has leased the digest meanwhile."""
    clock = movable_clock(monkeypatch)
    digest, _ = hold(app_on_each_db, 2)
    with app_on_each_db.app_context():
        (lease,) = leases.acquire([digest])
        clock(seconds=leases.LEASE_SECONDS + 1)
        leases.record_attempt(lease, Result("failed", "550 No such user"))
        assert db.session.get_one(Message, digest).state == "failed"
    assert held(app_on_each_db) == {"failed": 2}
