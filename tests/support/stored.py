"""Forms and submissions put straight into the database, as taking them leaves them there."""

import json
import secrets
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms import service
from forms_service.submissions.email_addresses import email_blind_index
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.uploads import storage
from forms_service.uploads.models import File

OWNER = "owner@example.com"
Fields = list[dict[str, Any]]


def make_form(app: Flask, owner: str = OWNER, *versions: Fields, **settings: Any) -> str:
    """A form of that account, with those fields one after the other; its id."""
    first, *later = versions or ([],)
    with app.app_context():
        account = db.session.scalars(select(Account).where(Account.email_index == email_index(owner))).one()
        caller = Caller(account.id, "owner")
        made = service.create({"name": "Contact", "fields": first, "settings": settings}, account.id)
        form_id: str = made["id"]
        for fields in later:
            service.change(form_id, caller, {"fields": fields})
    return form_id


def submit(app: Flask, form_id: str, data: dict[str, Any] | None = None, **values: Any) -> str:
    """A submission of it, with whoever is in `people`; its id."""
    people = values.pop("people", ())
    hashes = {"fingerprint": secrets.token_bytes(32), "content_hash": secrets.token_bytes(32)}
    row = {"form_version": 1, "status": "inbox", "created_at": now(), **hashes, **values}
    with app.app_context(), write_session():
        submission = Submission(form_id=form_id, data=json.dumps(data or {"name": "Ann"}, ensure_ascii=False), **row)
        db.session.add(submission)
        db.session.flush()
        for address in people:
            db.session.add(SubmissionEmail(email_index=email_blind_index(address), submission_id=submission.id))
        db.session.commit()
        return str(submission.id)


def attach(app: Flask, submission_id: str, name: str, content: bytes, number: int = 1, field: str = "cv") -> Path:
    """A file of a submission; where its bytes are."""
    with app.app_context():
        written = storage.EncryptedFile()
        written.write(content)
        written.finish()
        file = File(submission_id=uuid.UUID(submission_id), number=number, field=field, name=name)
        file.content_type, file.size = "application/pdf", len(content)
        file.stored_as, file.key = written.stored_as, written.key
        with write_session():
            db.session.add(file)
            db.session.commit()
    return Path(app.instance_path, "files", written.stored_as)


def remember_key(app: Flask, form_id: str, submission_id: str, at: datetime | None = None) -> None:
    """An idempotency key that led to a submission."""
    values = {"key_hash": secrets.token_bytes(32), "content_hash": b"", "created_at": at or now()}
    with app.app_context(), write_session():
        db.session.add(IdempotencyKey(form_id=form_id, submission_id=uuid.UUID(submission_id), **values))
        db.session.commit()


def count(app: Flask, *models: Any) -> list[int]:
    """Rows per table."""
    with app.app_context():
        return [len(db.session.execute(select(*model.__table__.primary_key.columns)).all()) for model in models]
