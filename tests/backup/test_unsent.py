"""Nothing is sent twice: what waited when a backup was made waits for its owner, unless the service moves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery.leases import is_failing
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.notifications.recipients import digests
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from tests.support.accounts import Member
from tests.support.backups import Instance
from tests.support.visitors import form_for

pytestmark = pytest.mark.slow

OWNER = "owner@example.com"
SUBMISSIONS = 6
"""As many failed attempts would count as a mail server that fails."""


class Restored:
    """A service with waiting mails, of submissions and a sign-up, and a digest that is due, backed up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = Instance(folder / "source")
        with self.source.app() as app:
            self.owner = Member(app, OWNER, role="owner")
            form_id = form_for(app)
            client = app.test_client()
            for number in range(SUBMISSIONS):
                assert client.post(f"/f/{form_id}", json={"n": number}).status_code == 200
            assert client.post("/api/password/forgot", json={"email": OWNER}).status_code == 202
            self._make_digest_due(app, form_id)
        self.file = self.source.back_up()

    def restore(self, *options: str) -> tuple[Instance, str]:
        target = Instance(self.folder / f"target{len(options)}", keys_of=self.source)
        return target, target.restore(self.file, *options)

    def _make_digest_due(self, app: Flask, form_id: str) -> None:
        with app.app_context(), write_session():
            recipient = db.session.scalars(select(Recipient).where(Recipient.form_id == form_id)).one()
            recipient.frequency, recipient.next_digest_at = "daily", now() - timedelta(minutes=5)
            about = db.session.scalars(select(Message.about).where(Message.kind == "submission")).first()
            assert about
            db.session.add(DigestEntry(recipient_id=recipient.id, submission_id=about))
            db.session.commit()


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BCRYPT_ROUNDS", "4")
        yield Restored(tmp_path_factory.mktemp("unsent"))


def messages(app: Flask) -> list[tuple[str, str]]:
    """Kind and state of every message."""
    with app.app_context():
        return sorted(map(tuple, db.session.execute(select(Message.kind, Message.state))))


def test_after_a_disaster_nothing_is_sent_that_may_have_been_sent(backed_up: Restored) -> None:
    target, output = backed_up.restore()
    assert f"{SUBMISSIONS} messages about submissions" in output
    assert "Dropped: 1 mail about accounts" in output
    assert "Dropped from digests that were due: 1 submission" in output
    assert "Ended: 1 session" in output
    with target.app() as app:
        assert messages(app) == [*[("reset", "failed")], *[("submission", "failed")] * SUBMISSIONS]
        with app.app_context():
            digests.queue_due()
            assert not is_failing("mail")
            answers = db.session.scalars(select(Attempt.answer)).all()
            payloads = db.session.scalars(select(Message.payload)).all()
        assert len(messages(app)) == SUBMISSIONS + 1, "no digest was queued"
        assert {answer[:9] for answer in answers} == {"Not sent:"}
        assert set(payloads) == {None}
        owner = app.test_client()
        assert owner.get("/api/me", headers=backed_up.owner.headers).status_code == 401
        _retry_one(app, owner)


def _retry_one(app: Flask, owner: Any) -> None:
    answer = owner.post("/api/login", json={"email": OWNER, "password": "Correct-horse-7"})
    headers = {"Authorization": f"Bearer {answer.json['data']['access_token']}"}
    with app.app_context():
        delivery_id = db.session.scalars(select(Message.id).where(Message.kind == "submission")).first()
    assert owner.post(f"/api/deliveries/{delivery_id}/retry", headers=headers).status_code in (200, 202)
    assert ("submission", "waiting") in messages(app)


def test_a_move_sends_what_waited_and_keeps_sessions(backed_up: Restored) -> None:
    target, output = backed_up.restore("--moving")
    assert "Not sent" not in output
    with target.app() as app:
        assert {state for _, state in messages(app)} == {"waiting"}
        assert app.test_client().get("/api/me", headers=backed_up.owner.headers).status_code == 200
        with app.app_context():
            digests.queue_due()
        assert ("recipient_digest", "waiting") in messages(app)
