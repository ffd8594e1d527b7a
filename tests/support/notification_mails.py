"""The mails about submissions that an app without a mail server writes to files."""

import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from flask import Flask

from forms_service.database.transactions import write_session
from forms_service.delivery import worker
from forms_service.extensions import db
from forms_service.forms.cache import get_published_form
from forms_service.submissions import events


def mail_about(app: Flask, form_id: str, values: dict[str, Any] | None = None, /, **request: Any) -> EmailMessage:
    """The one mail that leaves when this is sent."""
    request = request or {"json": values}
    assert app.test_client().post(f"/f/{form_id}", **request).status_code in (200, 303)
    return sent_mail(app)


def sent_mail(app: Flask) -> EmailMessage:
    """The one mail that leaves now."""
    (mail,) = sent_mails(app)
    return mail


def sent_mails(app: Flask) -> list[EmailMessage]:
    """All that have left until now."""
    with app.app_context():
        worker.deliver_due()
    paths = (Path(app.instance_path) / "outbox").glob("*.eml")
    return [cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=policy.default)) for path in paths]


def enqueue(app: Flask, form_id: str, submission_id: str) -> None:
    """Queue the mail about a submission that was put into the database."""
    with app.app_context(), write_session():
        events.enqueue(events.CREATED, get_published_form(form_id), [uuid.UUID(submission_id)])
        db.session.commit()
