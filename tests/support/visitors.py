"""Forms to post to, and what was kept of it."""

import json
import re
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from forms_service.accounts import service as accounts
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.forms import service
from forms_service.forms.schemas import NewForm
from forms_service.submissions.models import Submission, SubmissionEmail

OWNER = "owner@example.com"
JSON = {"Accept": "application/json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

CONTACT = (
    {"name": "name", "type": "text", "label": "Your name", "required": True},
    {"name": "email", "type": "email", "label": "E-mail", "required": True},
    {"name": "age", "type": "integer"},
    {"name": "topics", "type": "multiselect", "choices": ["sales", "support", "other"]},
    {"name": "message", "type": "textarea", "label": "Message"},
)
ANN = {"name": "Ann", "email": "ann@example.com", "message": "Hello"}


def form_for(app: Flask, fields: Sequence[dict[str, Any]] = (), *, name: str = "Contact", **settings: Any) -> str:
    """A new form of the owner's; its id."""
    with app.app_context():
        try:
            owner = db.session.scalars(select(Account).where(Account.email_index == email_index(OWNER))).one()
        except NoResultFound:
            person = accounts.NewAccount(OWNER, "Olga", "Owner", "Correct-horse-7")
            owner = accounts.create(person, role="owner", status="active")
        definition = NewForm().load({"name": name, "fields": list(fields), "settings": settings})
        return str(service.create(definition, owner.id)["id"])


def change(app: Flask, form_id: str, **settings: Any) -> None:
    """Change settings of a form."""
    with app.app_context():
        owner = db.session.scalars(select(Account).where(Account.email_index == email_index(OWNER))).one()
        service.change(form_id, service.Caller(owner.id, "owner"), {"settings": settings})


def submissions_of(app: Flask, form_id: str) -> list[Submission]:
    """The submissions of a form, the oldest first."""
    with app.app_context():
        query = select(Submission).where(Submission.form_id == form_id).order_by(Submission.id)
        submissions = list(db.session.scalars(query))
        db.session.expunge_all()
        return submissions


def only(app: Flask, form_id: str) -> Submission:
    """The one submission of a form."""
    (submission,) = submissions_of(app, form_id)
    return submission


def data_of(app: Flask, form_id: str) -> dict[str, Any]:
    """Data of the form's one submission."""
    data: dict[str, Any] = json.loads(only(app, form_id).data)
    return data


def control_of(app: Flask, form_id: str) -> dict[str, Any]:
    """The special fields that came with it."""
    control: dict[str, Any] = json.loads(only(app, form_id).control or "{}")
    return control


def people(app: Flask) -> set[bytes]:
    """The indexes of everybody who is in a submission."""
    with app.app_context():
        return set(db.session.scalars(select(SubmissionEmail.email_index)))


def queued(app: Flask, form_id: str) -> list[Message]:
    """Messages in the outbox about submissions of a form."""
    with app.app_context():
        query = select(Message).join(Submission, Submission.id == Message.about).where(Submission.form_id == form_id)
        messages = list(db.session.scalars(query.order_by(Message.id)))
        db.session.expunge_all()
        return messages


def without_reference(address: str) -> str:
    """The address of a thank-you page without the reference, which is another for each submission."""
    return re.sub(r"\?_reference=[0-9A-Z-]{11}$", "", address)


def without_reference_at_end(subject: str) -> str:
    """The subject of a notification without the reference at its end."""
    assert re.search(r" \([0-9A-Z]{5}-[0-9A-Z]{5}\)$", subject)
    return subject[:-14]
