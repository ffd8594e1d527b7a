"""The automatic reply to the person who submitted (RFC 3834)."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.delivery import outbox, payloads, suppressions
from forms_service.delivery.mail_rendering import AUTOMATIC_REPLY, LANGUAGE, SENDER_NAME
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.models import ROUTINE, URGENT
from forms_service.delivery.payloads import MessageRef
from forms_service.encryption.compiled_sql import Row
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.form_schema.languages import translate_fields
from forms_service.form_schema.mail_texts import Reply
from forms_service.forms import cache
from forms_service.forms.cache import PublishedForm, fields_of_version, get_published_form
from forms_service.replies import caps
from forms_service.replies.excluded_addresses import is_excluded
from forms_service.replies.models import REPLY, OptIn
from forms_service.replies.quotation import Fields, disarm, fill_template, quote_answers
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.events import CREATED, SubmissionEvent
from forms_service.submissions.models import Submission
from forms_service.submissions.visitor_language import language_of, language_query
from forms_service.validation.label_links import strip_links
from forms_service.validation.references import reference_of

SAME_COMMIT = timedelta(seconds=5)
"""A message that is younger than its submission was enqueued when an owner took it out of spam."""

MAX_COPY_LENGTH = 50_000
"""Characters."""


class ReplyListener:
    """A reply to each new submission with an address; all else is decided when it is sent."""

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        if event.form.settings.reply is None or event.type != CREATED:
            return ()
        address = reply_to(event.form.fields, event.data, event.control)
        return [person_row(REPLY, address, event.submission_id)] if address else ()


LISTENERS = (ReplyListener(),)


def init_app(app: Flask) -> None:
    """Register the listener and the payload."""
    cache.register_listeners(app, lambda *_: LISTENERS)
    payloads.register(app, REPLY, reply_payload)


def person_row(kind: str, address: str, submission_id: uuid.UUID) -> Row:
    """Return the outbox row of a mail to a person, whom no owner's digest concerns."""
    table, values = outbox.message_row("mail", kind, outbox.mail_target(address), about=submission_id)
    return table, {**values, "priority": URGENT}


def reply_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return template values; None if the submission is gone.

    :raises SuppressedError: if it must not be sent
    """
    submission = db.session.get(Submission, message.about)
    form = readable_form(submission) if submission else None
    if submission is None or form is None:
        return None
    payloads.require_readable(submission.data, submission.control)
    fields, data = fields_of_version(form, submission.form_version), json.loads(submission.data)
    control = json.loads(submission.control or "{}")
    language, address = language_of(control), reply_to(fields, data, control)
    fields = translate_fields(fields, form.settings.languages.texts.get(language, {}))
    form = form.in_language(language)
    reply = form.settings.reply
    if reply is None or address is None:
        raise SuppressedError("Not sent: the form has no automatic reply any more.")
    if submission.status == "spam":
        raise SuppressedError("Not sent: the submission is spam.")
    opt_in = db.session.scalar(select(OptIn).where(OptIn.submission_id == submission.id))
    check_address(address)
    may_quote = bool(opt_in and opt_in.confirmed_at) or _passed_challenge(form, submission, message)
    values = _values(form, reply, submission.id, quote_answers(fields, data, address) if may_quote else {}, fields)
    values["withdraw"] = withdrawal_link(form, opt_in, language) if opt_in and opt_in.token else None
    values[LANGUAGE] = language
    caps.admit(message, form, address)
    return values


def readable_form(submission: Submission) -> PublishedForm | None:
    """Return its form; None while that is erased or its owner is disabled."""
    try:
        form = get_published_form(submission.form_id)
    except NotFoundError:
        return None
    return form if form.owner_active else None


def check_address(address: str) -> None:
    """Refuse addresses that are suppressed, or that no person reads.

    :raises SuppressedError: for those
    """
    if is_excluded(address):
        raise SuppressedError("Not sent: no person reads mail to this address.")
    reason = suppressions.find_reason(outbox.address_index(address), ROUTINE)
    if reason:
        raise SuppressedError(f"Not sent: this address is on the suppression list ({reason}).")


def withdrawal_link(form: PublishedForm, opt_in: OptIn, language: str) -> str:
    """Return the URL of the page that withdraws."""
    return f"{form.url}/withdraw?token={opt_in.token}{language_query(language)}"


def _passed_challenge(form: PublishedForm, submission: Submission, message: MessageRef) -> bool:
    # out of spam, it may have come while the CAPTCHA's provider was away
    return form.settings.challenge != "none" and message.created_at - submission.created_at < SAME_COMMIT


def _values(
    form: PublishedForm, reply: Reply, submission_id: uuid.UUID, answers: Mapping[str, str], fields: Fields
) -> dict[str, Any]:
    reference = reference_of(submission_id)
    return {
        "subject": fill_template(reply.subject, form, reference, answers),
        "text": fill_template(reply.text, form, reference, answers),
        "lines": _copy(answers, fields) if reply.copy else [],
        SENDER_NAME: form.name,
        AUTOMATIC_REPLY: True,
    }


def _copy(answers: Mapping[str, str], fields: Fields) -> list[list[str]]:
    labels = {field["name"]: strip_links(field.get("label") or field["name"]) for field in fields}
    left = MAX_COPY_LENGTH
    lines: list[list[str]] = []
    for name, text in answers.items():
        left -= len(name) + len(text)
        if left < 0:
            return [*lines, ["…", ""]]
        if text:
            lines.append([labels.get(name) or disarm(name), text])
    return lines
