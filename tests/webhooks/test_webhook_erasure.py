"""Webhooks and their deliveries go with their form and account, and with nothing else."""

import pytest
from sqlalchemy import select

from forms_service.accounts.guards import Caller
from forms_service.accounts.me import data_rights
from forms_service.accounts.models import Account
from forms_service.delivery.models import Attempt, Message
from forms_service.encryption import rotation
from forms_service.extensions import db
from forms_service.signals import account_emptying
from forms_service.webhooks.models import Webhook
from tests.conftest import KeyOf
from tests.support.receiver import Reply
from tests.support.stored import make_form
from tests.support.webhooks import Hooks


def counts(hooks: Hooks) -> tuple[int, int, int]:
    """Webhooks, their messages, and the attempts."""
    with hooks.app.app_context():
        queries = (
            select(Webhook.id),
            select(Message.id).where(Message.channel == "webhook"),
            select(Attempt.id).where(Attempt.channel == "webhook"),
        )
        first, second, third = (len(db.session.execute(query).all()) for query in queries)
        return first, second, third


def fail_twice(hooks: Hooks) -> None:
    """A submission waits for another attempt, and a deletion that says nothing of its form is queued."""
    hooks.make(events=["submission.created", "submission.deleted"])
    hooks.receiver.reply = Reply(500)
    hooks.fill()
    hooks.deliver()
    hooks.call("DELETE", f"/api/submissions/{hooks.fill(name='Ben')}")
    assert counts(hooks) == (1, 2, 1)


def test_they_go_with_their_form(hooks: Hooks) -> None:
    fail_twice(hooks)
    assert hooks.call("DELETE", f"/api/forms/{hooks.form}").status_code == 200
    assert counts(hooks) == (0, 0, 0)


def test_a_webhook_of_the_account_outlives_a_form(hooks: Hooks) -> None:
    made = hooks.make("/api/webhooks")
    hooks.call("DELETE", f"/api/forms/{hooks.form}")
    later = make_form(hooks.app)
    hooks.fill(later)
    hooks.deliver()
    assert hooks.types == ["submission.created"]
    assert hooks.show(made)["enabled"] is True


def test_a_form_is_erased_without_an_event_for_each_submission(hooks: Hooks) -> None:
    hooks.make("/api/webhooks", events=["submission.deleted"])
    hooks.fill()
    hooks.call("DELETE", f"/api/forms/{hooks.form}")
    hooks.deliver()
    assert hooks.receiver.received == []


def test_they_go_with_their_account_before_its_forms_are_erased(hooks: Hooks) -> None:
    fail_twice(hooks)
    hooks.make("/api/webhooks")
    with hooks.app.app_context():
        account_id = db.session.scalars(select(Account.id)).one()
        db.session.rollback()
        account_emptying.send(account_id=account_id)
    assert counts(hooks)[0] == 0


@pytest.mark.parametrize("path", ["/api/webhooks/{id}", "/api/webhooks/{id}/test"])
def test_a_webhook_of_a_deleted_form_is_not_found(hooks: Hooks, path: str) -> None:
    made = hooks.make()
    hooks.call("DELETE", f"/api/forms/{hooks.form}")
    method = "POST" if path.endswith("test") else "GET"
    assert hooks.call(method, path.format(id=made["id"])).status_code == 404


def test_the_export_of_the_account_has_them_without_secrets(hooks: Hooks, key_of: KeyOf) -> None:
    made = hooks.make(headers={"X-Key": "s3cret"}, description="CRM")
    key_of(hooks.app, "other@example.com")
    with hooks.app.app_context():
        accounts = {account.email: account.id for account in db.session.scalars(select(Account))}
        documents = {email: data_rights.export(Caller(account_id, "owner")) for email, account_id in accounts.items()}
    assert documents["other@example.com"]["webhooks"] == []
    (shown,) = documents["owner@example.com"]["webhooks"]
    assert (shown["id"], shown["url"], shown["headers"]) == (made["id"], made["url"], ["X-Key"])
    assert "s3cret" not in str(documents)
    assert made["secret"] not in str(documents)


def test_a_rotation_of_the_keys_covers_them(hooks: Hooks) -> None:
    made = hooks.make(headers={"X-Key": "s3cret"}, when=[{"field": "name", "is": "ann"}])
    with hooks.app.app_context():
        rotation.begin()
        assert [progress.unreadable for progress in rotation.reencrypt()][-1] == 0
        assert rotation.count_stale() == 0
    hooks.fill()
    hooks.deliver()
    assert hooks.verify(made["secret"])["type"] == "submission.created"
    assert hooks.receiver.received[0].headers["x-key"] == "s3cret"


def test_nothing_of_a_webhook_is_stored_in_plain_text(hooks: Hooks) -> None:
    made = hooks.make(
        url=hooks.receiver.url("/bot123:t0ken/x"),
        description="CRM-of-Ann",
        headers={"X-Key": "s3cret-value"},
        when=[{"field": "name", "is": "visible-name"}],
    )
    hooks.fill(name="visible-name")
    with hooks.app.app_context():
        rows = [
            *db.session.execute(db.text("SELECT * FROM webhooks")),
            *db.session.execute(db.text("SELECT * FROM outbox WHERE channel = 'webhook'")),
        ]
    assert len(rows) == 2
    stored = b"".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for row in rows for value in row
    )
    for secret in ("t0ken", "CRM-of-Ann", "s3cret-value", "visible-name", made["secret"]):
        assert secret.encode() not in stored
