"""Forms and submissions put straight into the database, as taking them leaves them there."""

import json
import secrets
import uuid
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database import now, writing
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion
from forms_service.submissions.models import File, IdempotencyKey, Person, Submission
from forms_service.submissions.people import person_index

OWNER = "owner@example.com"
Fields = list[dict[str, Any]]


def make_form(app: Flask, owner: str = OWNER, *versions: Fields, **settings: Any) -> str:
    """A form of that account; its id."""
    form_id = secrets.token_urlsafe(12)
    with app.app_context(), writing():
        account = db.session.scalars(select(Account).where(Account.email_index == email_index(owner))).one()
        count = len(versions) or 1
        db.session.add(
            Form(id=form_id, owner_id=account.id, name="Contact", settings=json.dumps(settings), version=count)
        )
        db.session.flush()
        for number, fields in enumerate(versions or ([],), start=1):
            db.session.add(FormVersion(form_id=form_id, number=number, fields=fields))
        db.session.commit()
    return form_id


def submit(app: Flask, form_id: str, data: dict[str, Any] | None = None, **values: Any) -> str:
    """A submission of it, with whoever is in `people`; its id."""
    people = values.pop("people", ())
    row = {"form_version": 1, "status": "inbox", "fingerprint": secrets.token_bytes(32), "created_at": now()} | values
    with app.app_context(), writing():
        submission = Submission(form_id=form_id, data=json.dumps(data or {"name": "Ann"}, ensure_ascii=False), **row)
        db.session.add(submission)
        db.session.flush()
        for address in people:
            db.session.add(Person(email_index=person_index(address), submission_id=submission.id))
        db.session.commit()
        return str(submission.id)


def attach(app: Flask, submission_id: str, name: str, content: bytes, number: int = 1) -> str:
    """A file of a submission; the name that it is stored under."""
    stored_as = store(app, content)
    with app.app_context(), writing():
        file = File(submission_id=uuid.UUID(submission_id), number=number, field="cv", name=name)
        file.content_type, file.size, file.stored_as = "application/pdf", len(content), stored_as
        db.session.add(file)
        db.session.commit()
    return stored_as


def store(app: Flask, content: bytes) -> str:
    """Bytes where the files are; under which name."""
    folder = app.config["SETTINGS"].instance_path / "files"
    folder.mkdir(exist_ok=True)
    stored_as = str(uuid.uuid4())
    (folder / stored_as).write_bytes(content)
    return stored_as


def remember_key(app: Flask, form_id: str, submission_id: str | None, at: datetime | None = None) -> None:
    """An idempotency key that led to a submission."""
    values = {"key_hash": secrets.token_bytes(32), "content_hash": b"", "created_at": at or now()}
    with app.app_context(), writing():
        led_to = uuid.UUID(submission_id) if submission_id else None
        db.session.add(IdempotencyKey(form_id=form_id, submission_id=led_to, **values))
        db.session.commit()


def count(app: Flask, *models: Any) -> list[int]:
    """How many rows each of the tables has."""
    with app.app_context():
        return [len(db.session.execute(select(*model.__table__.primary_key.columns)).all()) for model in models]
