"""Contents of the mails about submissions, and of their digests."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from forms_service.config import settings
from forms_service.delivery import digests, payloads
from forms_service.delivery.payloads import MessageRef
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.form_schema.field_types import choice_labels
from forms_service.form_schema.special_fields import SUBJECTS, WORDS
from forms_service.forms.cache import PublishedForm, fields_of_version, get_published_form
from forms_service.forms.controls import format_size
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.models import Submission
from forms_service.submissions.parsed_submission import first_of
from forms_service.uploads.models import File
from forms_service.validation.label_links import strip_links
from forms_service.validation.references import reference_of
from forms_service.validation.text import collapse_whitespace, strip_controls

KIND = "submission"

MAX_SUBJECT_LENGTH = 150
MAX_VALUE_LENGTH = 20_000
"""Characters; the inbox shows all."""

MAX_MAIL_LENGTH = 100_000
CUT = "… (truncated; the inbox has the full text)"


def init_app(app: Flask) -> None:
    """Register payloads, so that no submitted value is stored twice."""
    payloads.register(app, KIND, notification_payload)
    payloads.register(app, digests.KIND, digest_payload)


def notification_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return template values; None if nobody may read the submission."""
    submission = db.session.get(Submission, message.about)
    if submission is None:
        return None
    form = _readable(submission.form_id)
    if form is None:
        return None
    data, control = json.loads(submission.data), json.loads(submission.control or "{}")
    fields = fields_of_version(form, submission.form_version)
    labels = {field["name"]: strip_links(field.get("label") or field["name"]) for field in fields}
    choices = {field["name"]: choice_labels(field) for field in fields if field.get("choices")}
    sender, reference = reply_to(fields, data, control), reference_of(submission.id)
    values = [(name, _text(value, choices.get(name, {}))) for name, value in data.items()]
    values += [(name, control[name]) for name in WORDS if control.get(name)]
    return {
        "form": _line(form.name),
        "reference": reference,
        "subject": f"{_subject(form, control, sender)} ({reference})",
        "lines": _lines([(_line(labels.get(name, name)), _cut(text)) for name, text in values]),
        "files": [_file(labels, file) for file in _files(submission.id)],
        "_reply_to": sender,
    }


def digest_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return counts by form; None if nobody may read any."""
    numbers = select(Submission.form_id, func.count(), func.min(Submission.created_at))
    held = numbers.where(Submission.id.in_(digests.subjects(message.id))).group_by(Submission.form_id)
    rows = [(_readable(form_id), count, since) for form_id, count, since in db.session.execute(held)]
    readable = [(form, count, since) for form, count, since in rows if form]
    forms = [
        {
            "name": _line(form.name),
            "count": count,
            "link": f"{settings.public_url}/api/forms/{form.id}/submissions?since={since:%Y-%m-%dT%H:%M:%SZ}",
        }
        for form, count, since in readable
    ]
    total = sum(count for _, count, _ in readable)
    return {"count": total, "max_mails": digests.MAX_MAILS, "forms": forms} if forms else None


def _subject(form: PublishedForm, control: Mapping[str, Any], sender: str | None) -> str:
    return _line(first_of(control, SUBJECTS) or "") or _line(": ".join(filter(None, [form.name, sender])))


def _readable(form_id: str) -> PublishedForm | None:
    try:
        form = get_published_form(form_id)
    except NotFoundError:
        return None  # it is being erased
    return form if form.owner_active else None


def _files(submission_id: uuid.UUID) -> Sequence[File]:
    return db.session.scalars(select(File).where(File.submission_id == submission_id).order_by(File.number)).all()


def _file(labels: Mapping[str, str], file: File) -> dict[str, str]:
    address = f"{settings.public_url}/api/submissions/{file.submission_id}/files/{file.number}"
    label = _line(labels.get(file.field, file.field))
    return {"label": label, "name": strip_controls(file.name), "size": format_size(file.size), "link": address}


def _line(text: str) -> str:
    return strip_controls(collapse_whitespace(text[: MAX_SUBJECT_LENGTH * 2]))[:MAX_SUBJECT_LENGTH]


def _text(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        items = [_text(item, labels) for item in value]
        return ("\n" if any("," in item or "\n" in item for item in items) else ", ").join(items)
    if isinstance(value, str):
        return labels.get(value, value)
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE_LENGTH else text[:MAX_VALUE_LENGTH] + CUT


def _lines(pairs: list[tuple[str, str]]) -> list[list[str]]:
    left = MAX_MAIL_LENGTH
    lines: list[list[str]] = []
    for label, text in pairs:
        left -= len(label) + len(text)
        if left < 0:
            return [*lines, ["…", CUT]]
        lines.append([label, text])
    return lines
