"""What becomes of recipients: exported with the account, erased with form, account and person."""

import uuid
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, select, update

from forms_service.accounts import deletion
from forms_service.accounts.models import Account
from forms_service.database import migrations
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.notifications.recipients.erasure import PENDING_LIFETIME, sweep
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.signals import account_exporting
from tests.conftest import KeyOf
from tests.support.recipients import BOB, Recipients, links
from tests.support.stored import OWNER, count, make_form


def erase_person(recipients: Recipients, email: str = BOB) -> None:
    answer = recipients.client.post("/api/people/erase", json={"email": email}, headers=recipients.headers)
    assert answer.status_code == 200


def unsubscribe_bob(recipients: Recipients) -> None:
    recipients.submit()
    (mail,) = [mail for mail in recipients.deliver() if mail["To"] == BOB]
    recipients.post(links(mail, "unsubscribe")[0])
    recipients.server.received.clear()


def waiting_to(recipients: Recipients) -> list[str]:
    with recipients.app.app_context():
        return list(db.session.scalars(select(Message.target).where(Message.state == "waiting")))


def test_are_in_the_export_of_the_account(recipients: Recipients) -> None:
    recipients.add(when=[{"field": "topic", "is": "Sales"}])
    document: dict[str, Any] = {}
    with recipients.app.app_context():
        account_exporting.send(account_id=db.session.scalars(select(Account.id)).one(), document=document)
    exported = {item["email"]: item["when"] for item in document["recipients"]}
    assert exported == {OWNER: None, BOB: [{"field": "topic", "is": "Sales"}]}


def test_an_erased_person_is_no_recipient_and_what_waits_for_them_is_not_sent(recipients: Recipients) -> None:
    recipients.add_confirmed()
    recipients.submit()
    erase_person(recipients)
    assert recipients.statuses() == {OWNER: "active"}
    assert waiting_to(recipients) == [OWNER]
    recipients.submit(name="Carol")
    assert set(recipients.mailed()) == {OWNER}


def test_of_an_erased_persons_invitation_only_the_blind_index_stays(recipients: Recipients) -> None:
    recipients.add_confirmed()
    erase_person(recipients)
    with recipients.app.app_context():
        (invitation,) = db.session.scalars(select(Message))
        assert (invitation.kind, invitation.target, invitation.payload) == ("recipient_confirm", "", None)
    assert count(recipients.app, Attempt) == [0]
    for _ in range(3):
        recipients.add()
    assert len([mail for mail in recipients.deliver() if mail["To"] == BOB]) == 2, "3 an hour, with the erased one"


def test_of_an_erased_person_who_unsubscribed_only_the_blind_index_stays(recipients: Recipients) -> None:
    recipients.add_confirmed()
    unsubscribe_bob(recipients)
    erase_person(recipients)
    with recipients.app.app_context():
        left = db.session.scalars(select(Recipient).where(~Recipient.is_owner)).one()
        assert (left.email, left.conditions) == (None, None)
    assert recipients.add()["status"] == "unsubscribed"
    assert recipients.deliver() == []


def test_another_owner_erases_nobody_here(recipients: Recipients, key_of: KeyOf) -> None:
    recipients.add()
    headers = recipients.headers
    recipients.headers = key_of(recipients.app, "stranger@example.com")
    erase_person(recipients)
    recipients.headers = headers
    assert recipients.statuses() == {OWNER: "active", BOB: "pending"}


def test_go_with_their_form(recipients: Recipients) -> None:
    recipients.add()
    recipients.add_confirmed("carol@example.com", frequency="daily")
    recipients.submit()
    answer = recipients.client.delete(f"/api/forms/{recipients.form_id}", headers=recipients.headers)
    assert answer.status_code == 200
    assert count(recipients.app, Recipient, DigestEntry) == [0, 0]
    assert waiting_to(recipients) == []


def test_go_with_the_account(recipients: Recipients) -> None:
    recipients.add()
    recipients.submit()
    with recipients.app.app_context(), write_session():
        deletion.erase(db.session.scalars(select(Account.id)).one())
        db.session.commit()
    assert count(recipients.app, Recipient) == [0]
    assert waiting_to(recipients) == []


def test_who_never_confirms_is_forgotten(recipients: Recipients) -> None:
    recipients.add()
    with recipients.app.app_context():
        sweep()
    assert BOB in recipients.statuses()
    with recipients.app.app_context(), write_session():
        old = now() - PENDING_LIFETIME - timedelta(hours=1)
        db.session.execute(update(Recipient).values(created_at=old))
        db.session.commit()
    with recipients.app.app_context():
        sweep()
    assert recipients.statuses() == {OWNER: "active"}


def test_a_recipient_who_is_gone_in_another_process_fails_no_submission(recipients: Recipients) -> None:
    added = recipients.add_confirmed(frequency="daily")
    recipients.submit()
    with recipients.app.app_context(), write_session():
        db.session.execute(delete(Recipient).where(Recipient.id == uuid.UUID(added["id"])))
        db.session.commit()
    recipients.submit(name="Carol")
    with recipients.app.app_context():
        sweep()
    assert count(recipients.app, DigestEntry) == [0]


def test_forms_of_earlier_versions_tell_their_owner(app_on_each_db: Flask, key_of: KeyOf) -> None:
    headers = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    with app_on_each_db.app_context():
        migrations.downgrade("0013")
        migrations.upgrade()
    (owner,) = app_on_each_db.test_client().get(f"/api/forms/{form}/recipients", headers=headers).json["data"]
    assert (owner["email"], owner["status"], owner["frequency"]) == (OWNER, "active", "instant")
