"""Contents of the mails about submissions, and of their digests."""

import json
import uuid
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import Select, func, or_, select

from forms_service.delivery import digests, payloads
from forms_service.delivery.mail_rendering import ATTACHMENTS, REPLY_TO, UNSUBSCRIBE
from forms_service.delivery.models import Message
from forms_service.delivery.payloads import MessageRef
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm, fields_of_version, get_published_form
from forms_service.notifications.mail_files import load_files, show_files
from forms_service.notifications.mail_options import MailOptions, options_of
from forms_service.notifications.mail_subjects import MAX_LENGTH, add_reference, make_subject, placeholder_values
from forms_service.notifications.mail_values import flatten, labels_of, shown_lines, texts_of
from forms_service.notifications.recipients import listeners, queries, subscriptions
from forms_service.notifications.recipients.models import Recipient
from forms_service.submissions.console_urls import inbox_url, submission_url
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.models import Submission
from forms_service.validation.references import reference_of
from forms_service.validation.timezones import load_zone

KIND = listeners.KIND


def init_app(app: Flask) -> None:
    """Register payloads, so that no submitted value is stored twice."""
    payloads.register(app, KIND, notification_payload)
    payloads.register(app, digests.KIND, digest_payload)


def notification_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return template values; None if nobody may read the submission.

    :raises SuppressedError: if the recipient must get no mail
    """
    options = options_of(message.target_id)
    submission = db.session.get(Submission, message.about)
    form = _readable(submission.form_id) if submission else None
    if submission is None or form is None:
        return None
    name, reference = flatten(form.name, MAX_LENGTH), reference_of(submission.id)
    shown = {"subject": name} if options.content == "none" else _shown_content(form, submission, options)
    return {
        "form": name,
        "reference": reference,
        "time": format_time(submission.created_at, options.timezone),
        "content": options.content,
        "link": submission_url(submission.id) if options.may_open else None,
        "lines": [],
        "files": [],
        REPLY_TO: None,
        UNSUBSCRIBE: options.unsubscribe_url,
        **shown,
        "subject": add_reference(shown["subject"], reference),
    }


def digest_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return counts by form; None if nobody may read any."""
    numbers = select(Submission.form_id, func.count(), func.min(Submission.created_at))
    held = numbers.where(Submission.id.in_(_readable_ids(message))).group_by(Submission.form_id)
    rows = [(_readable(form_id), count, since) for form_id, count, since in db.session.execute(held)]
    readable = [(form, count, since) for form, count, since in rows if form]
    shared = _forms_to_open(message)
    forms = [
        {
            "name": flatten(form.name, MAX_LENGTH),
            "count": count,
            "link": inbox_url(form.id, since) if form.id in shared else None,
        }
        for form, count, since in readable
    ]
    total = sum(count for _, count, _ in readable)
    url = subscriptions.unsubscribe_url(digests.target_ids(message.id))
    return {"count": total, "max_mails": digests.MAX_MAILS, "forms": forms, UNSUBSCRIBE: url} if forms else None


def _readable_ids(message: MessageRef) -> Select[uuid.UUID | None]:
    active = select(Recipient.id).where(Recipient.status == "active")
    return digests.subjects(message.id).where(or_(Message.target_id.is_(None), Message.target_id.in_(active)))


def _forms_to_open(message: MessageRef) -> set[str]:
    rows = queries.fetch(Recipient.id.in_(digests.target_ids(message.id)))
    return {row.form.id for row in rows if queries.may_open(row)}


def format_time(moment: datetime, timezone: str) -> str:
    """Return a time such as `Sat 28 November 2026, 10:02 (Europe/Berlin)`; in UTC if the zone is gone."""
    zone = load_zone(timezone)
    local, timezone = moment.astimezone(zone), str(zone)
    return f"{local:%a} {local.day} {local:%B %Y, %H:%M} ({timezone})"


def _shown_content(form: PublishedForm, submission: Submission, options: MailOptions) -> dict[str, Any]:
    payloads.require_readable(submission.data, submission.control)
    data, control = json.loads(submission.data), json.loads(submission.control or "{}")
    fields = fields_of_version(form, submission.form_version)
    labels, texts = labels_of(fields), texts_of(fields, data)
    sender, files = reply_to(fields, data, control), load_files(submission.id)
    listed, attachments = show_files(files, labels, options)
    values = placeholder_values(labels, texts, files)
    return {
        "subject": make_subject(form, values, control, sender, reference_of(submission.id)),
        "lines": shown_lines(labels, texts, control, summary=options.content == "summary"),
        "files": listed,
        REPLY_TO: sender,
        ATTACHMENTS: attachments,
    }


def _readable(form_id: str) -> PublishedForm | None:
    try:
        form = get_published_form(form_id)
    except NotFoundError:
        return None  # it is being erased
    return form if form.owner_active else None
