"""Deletion is complete, on every way to it, and recorded without the data."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from forms_service import signals
from forms_service.accounts.models import Account, Event
from forms_service.accounts.service import email_index
from forms_service.background import periodic
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import outbox, worker
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.privacy import account_export, retention
from forms_service.submissions import deletion, queries
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.uploads.models import File
from tests.conftest import KeyOf
from tests.support.mails import text_of
from tests.support.stored import OWNER, attach, count, make_form, remember_key, submit

TABLES = (Submission, File, SubmissionEmail, IdempotencyKey, Message)
ANN = "ann@example.com"


def whole(app: Flask, form: str, **values: Any) -> tuple[str, Path]:
    """A submission with all that hangs on one: its id, and where its file is."""
    submission_id = submit(app, form, {"email": ANN}, people=[ANN], **values)
    file = attach(app, submission_id, "cv.pdf", b"%PDF")
    remember_key(app, form, submission_id)
    with app.app_context(), write_session():
        outbox.enqueue_mail("submission", OWNER, {"text": "hi"}, about=uuid.UUID(submission_id))
        db.session.commit()
    return submission_id, file


def test_a_mail_that_was_written_to_a_file_goes_too(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    folder = Path(app_on_each_db.instance_path) / "outbox"
    gone, stays = (client_on_each_db.post(f"/f/{form}", json={"email": ANN, "n": n}).json["data"]["id"] for n in (1, 2))
    with app_on_each_db.app_context():
        worker.deliver_due()
    assert len(list(folder.glob("*.eml"))) == 2
    assert client_on_each_db.delete(f"/api/submissions/{gone}", headers=owner).status_code == 200
    (path,) = folder.glob("*.eml")
    mail = cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=policy.default))
    assert "n:\n  2" in text_of(mail), stays


def recorded(app: Flask, name: str) -> list[Any]:
    with app.app_context():
        events = db.session.scalars(select(Event).where(Event.name == name).order_by(Event.id)).all()
        return [json.loads(event.details or "{}") for event in events]


@pytest.fixture
def erased_ids() -> Iterator[list[str]]:
    """Ids of submissions that were said to be deleted."""
    ids: list[str] = []

    def listen(_: object, submission_ids: list[uuid.UUID]) -> None:
        ids.extend(map(str, submission_ids))

    with signals.submission_deleted.connected_to(listen):
        yield ids


@pytest.mark.parametrize("way", ["one", "bulk", "person"])
def test_erases_a_submission_with_all_that_hangs_on_it(
    client_on_each_db: FlaskClient,
    app_on_each_db: Flask,
    owner: dict[str, str],
    form: str,
    erased_ids: list[str],
    way: str,
) -> None:
    submission_id, file = whole(app_on_each_db, form)
    other_id = submit(app_on_each_db, form, people=["bob@example.com"])
    if way == "one":
        answer = client_on_each_db.delete(f"/api/submissions/{submission_id}", headers=owner)
    elif way == "bulk":
        body = {"ids": [submission_id], "delete": True}
        answer = client_on_each_db.post(f"/api/forms/{form}/submissions/bulk", headers=owner, json=body)
    else:
        answer = client_on_each_db.post("/api/people/erase", headers=owner, json={"email": "ANN@Example.com"})
    assert answer.status_code == 200, answer.json
    assert count(app_on_each_db, *TABLES) == [1, 0, 1, 0, 0]
    assert not file.exists()
    assert erased_ids == [submission_id]
    assert client_on_each_db.get(f"/api/submissions/{submission_id}", headers=owner).status_code == 404
    assert client_on_each_db.get(f"/api/submissions/{other_id}", headers=owner).status_code == 200
    expected = {"submissions": 1} if way == "person" else {"form_id": form, "submissions": 1}
    assert recorded(app_on_each_db, "person_erased" if way == "person" else "submissions_erased") == [expected]


@pytest.mark.parametrize("target", ["form", "account"])
def test_submissions_go_with_their_form_and_their_owner(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str, target: str
) -> None:
    file = whole(app_on_each_db, form)[1]
    if target == "form":
        assert client_on_each_db.delete(f"/api/forms/{form}", headers=owner).status_code == 200
    else:
        with app_on_each_db.app_context(), write_session():
            account = db.session.scalars(select(Account).where(Account.email_index == email_index(OWNER))).one()
            signals.account_erasing.send(account_id=account.id)
            db.session.delete(account)
            assert file.exists(), "it goes after the commit"
            db.session.commit()
    assert count(app_on_each_db, *TABLES) == [0, 0, 0, 0, 0]
    assert not file.exists()


def test_what_is_rolled_back_keeps_its_files(app_on_each_db: Flask, form: str) -> None:
    file = whole(app_on_each_db, form)[1]
    with app_on_each_db.app_context():
        with write_session():
            signals.form_erasing.send(form_id=form)
        with write_session():
            db.session.add(Event(name="another"))
            db.session.commit()
    assert count(app_on_each_db, *TABLES) == [1, 1, 1, 1, 1]
    assert file.exists()


def test_finds_what_an_address_sent_to_any_form_of_the_owner(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str, key_of: KeyOf
) -> None:
    stranger = key_of(app_on_each_db, "stranger@example.com")
    theirs = submit(app_on_each_db, make_form(app_on_each_db, "stranger@example.com"), people=[ANN])
    first = submit(app_on_each_db, form, people=[ANN, "bob@example.com"])
    second = submit(app_on_each_db, make_form(app_on_each_db), people=[ANN], status="spam")
    submit(app_on_each_db, form, people=["bob@example.com"])

    def find(headers: dict[str, str], **query: Any) -> tuple[list[str], str | None]:
        answer = client_on_each_db.post(
            "/api/people/find", headers=headers, json={"email": "Ann@EXAMPLE.com"}, query_string=query
        )
        return [submission["id"] for submission in answer.json["data"]], answer.json["meta"]["next"]

    assert find(owner) == ([second, first], None)
    (page, cursor) = find(owner, limit=1)
    assert page == [second]
    assert find(owner, limit=1, cursor=cursor) == ([first], None)
    assert find(stranger) == ([theirs], None)
    operator = key_of(app_on_each_db, "operator@example.com", role="operator")
    assert find(operator)[0] == [second, first, theirs]
    lines = client_on_each_db.post("/api/people/export", headers=owner, json={"email": ANN}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [second, first]
    assert recorded(app_on_each_db, "person_exported") == [{}]


def test_erases_nothing_of_another_owners(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str, key_of: KeyOf
) -> None:
    stranger = key_of(app_on_each_db, "stranger@example.com")
    submit(app_on_each_db, form, people=[ANN])
    answer = client_on_each_db.post("/api/people/erase", headers=stranger, json={"email": ANN})
    assert answer.json["data"] == {"erased": 0}
    assert count(app_on_each_db, Submission) == [1]
    assert recorded(app_on_each_db, "person_erased") == [{"submissions": 0}]


def test_erases_a_person_piece_by_piece(
    client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app)
    form = make_form(app)
    for _ in range(5):
        submit(app, form, people=[ANN])
    monkeypatch.setattr(deletion, "BATCH_SIZE", 2)
    assert client.post("/api/people/erase", headers=owner, json={"email": ANN}).json["data"] == {"erased": 5}
    assert count(app, Submission) == [0]
    for path in ("find", "export", "erase"):
        answer = client.post(f"/api/people/{path}", headers=owner, json={"email": "nobody"})
        assert answer.json["codes"] == {"email": ["invalid_email"]}


def test_nothing_is_kept_longer_than_the_owner_and_the_operator_want(
    make_app_on_each_db: Any, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app_on_each_db(SPAM_RETENTION_DAYS="10")
    key_of(app)
    short, long = make_form(app, OWNER, retention_days=5), make_form(app)
    ago = {days: now() - timedelta(days=days) for days in (1, 6, 11, 30)}
    file = whole(app, short, created_at=ago[6])[1]
    submit(app, short, created_at=ago[6], status="archived")
    spam = {"status": "spam", "spam_reasons": "links"}
    submit(app, long, created_at=ago[11], **spam)
    kept_ids = [
        submit(app, short, created_at=ago[1]),
        submit(app, long, created_at=ago[11]),
        submit(app, long, created_at=ago[6], **spam),
        submit(app, long, created_at=ago[11], status="spam", spam_reasons="infected"),
        submit(app, long, created_at=ago[11], status="spam", marked_spam_at=ago[6]),
    ]
    submit(app, long, created_at=ago[30], status="spam", marked_spam_at=ago[11])
    submit(app, long, created_at=ago[11], status="spam", spam_reasons="honeypot infected")
    submit(app, short, created_at=ago[6], status="spam", spam_reasons="infected")
    monkeypatch.setattr(retention, "BATCH_SIZE", 1)
    with app.app_context():
        retention.sweep()
        assert {str(each) for each in db.session.scalars(select(Submission.id))} == set(kept_ids)
    assert not file.exists()
    assert len(recorded(app, "submissions_expired")) == 6


def test_an_old_submission_that_is_marked_as_spam_is_kept_as_long_as_new_spam(
    app_on_each_db: Flask, client_on_each_db: FlaskClient, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    path = "/api/submissions/" + submit(
        app_on_each_db, make_form(app_on_each_db), created_at=now() - timedelta(days=400)
    )
    change = {"status": "spam"}
    assert client_on_each_db.patch(path, headers=owner, json=change).status_code == 200
    sweep_at = {days: now() + timedelta(days=days) for days in (0, 29, 31)}
    with app_on_each_db.app_context():
        retention.sweep()
    assert client_on_each_db.patch(path, headers=owner, json=change).status_code == 200
    with app_on_each_db.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "now", lambda: sweep_at[29])
        retention.sweep()
        assert count(app_on_each_db, Submission) == [1]
        patch.setattr(retention, "now", lambda: sweep_at[31])
        retention.sweep()
        assert count(app_on_each_db, Submission) == [0]


def test_of_spam_the_newest_are_kept(app_on_each_db: Flask, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_SPAM", 2)
    marked_id = submit(app_on_each_db, form, status="spam", marked_spam_at=now())
    spam_ids = [submit(app_on_each_db, form, status="spam", read=number % 2 == 0) for number in range(5)]
    inbox_id = submit(app_on_each_db, form)
    with app_on_each_db.app_context():
        retention.sweep()
        assert {str(each) for each in db.session.scalars(select(Submission.id))} == {marked_id, *spam_ids[3:], inbox_id}


def test_idempotency_keys_are_kept_for_a_day(app_on_each_db: Flask, form: str) -> None:
    submission_id = submit(app_on_each_db, form)
    remember_key(app_on_each_db, form, submission_id, now() - timedelta(hours=25))
    remember_key(app_on_each_db, form, submission_id, now() - timedelta(hours=23))
    with app_on_each_db.app_context():
        assert "idempotency keys" in periodic.run_due()
    assert count(app_on_each_db, IdempotencyKey) == [1]


def test_retention_is_kept_to_every_hour(app: Flask) -> None:
    with app.app_context():
        assert "retention" in periodic.run_due()
        assert "retention" not in periodic.run_due()


def test_the_export_of_an_account_holds_its_submissions_or_says_where_they_are(
    app_on_each_db: Flask, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission_id = submit(app_on_each_db, form, status="spam", spam_reasons="links")
    large = make_form(app_on_each_db)
    for _ in range(3):
        submit(app_on_each_db, large)
    monkeypatch.setattr(account_export, "MAX_SUBMISSIONS", 2)
    monkeypatch.setattr(queries, "BATCH_SIZE", 1)
    document: dict[str, Any] = {}
    with app_on_each_db.app_context():
        account = db.session.scalars(select(Account)).one()
        signals.account_exporting.send(account_id=account.id, document=document)
    assert [submission["id"] for submission in document["submissions"]] == [submission_id]
    assert list(document["submissions_elsewhere"]) == [large]
    json.dumps(document)
