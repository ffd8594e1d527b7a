"""Double opt-in: the request to confirm, and its expiry."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, exists, select

from forms_service.accounts.authentication import token_hash
from forms_service.background import periodic
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import payloads
from forms_service.delivery.mail_rendering import LANGUAGE, SENDER_NAME
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.payloads import MessageRef
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.encryption.compiled_sql import EncryptedInsert, Row
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.form_schema.mail_texts import LINK, DoubleOptIn
from forms_service.forms.cache import PublishedForm, fields_of_version
from forms_service.forms.models import Form
from forms_service.languages.catalogues import translate
from forms_service.languages.sentences import N_
from forms_service.replies import caps
from forms_service.replies.automatic_reply import check_address, person_row, readable_form
from forms_service.replies.models import OPT_IN, OptIn
from forms_service.replies.quotation import fill_template, quote_answers
from forms_service.security import generate_secure_token
from forms_service.submissions import deletion
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.models import Submission
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.visitor_language import language_of, language_query
from forms_service.validation.references import reference_of

LIFETIME = timedelta(days=7)
SWEEP_INTERVAL = 3600
EXPIRED_EVENT = "submissions_unconfirmed"

FOOTER = N_("If you did not send this, ignore this mail: what was sent is erased after 7 days.")
OPT_INS = EncryptedInsert(OptIn.__table__)


def init_app(app: Flask) -> None:
    """Register the payload and the hourly expiry."""
    payloads.register(app, OPT_IN, opt_in_payload)
    periodic.register(app, "unconfirmed submissions", SWEEP_INTERVAL, sweep)


def require_address(form: PublishedForm, parsed: ParsedSubmission) -> None:
    """Refuse a submission that nobody could confirm.

    :raises ValidationError: on the form's e-mail field
    """
    if reply_to(form.fields, parsed.data, parsed.control) is None:
        name = next((name for name, kind in form.types.items() if kind == "email"), "email")
        raise ValidationError({name: [FieldError(N_("Enter your e-mail address."), "required")]})


def build_rows(form: PublishedForm, submission_id: uuid.UUID, parsed: ParsedSubmission) -> list[Row]:
    """Return the opt-in and its mail, for the submission's own commit; without a query."""
    texts, address = form.settings.double_opt_in, reply_to(form.fields, parsed.data, parsed.control)
    if texts is None or address is None:
        return []
    language = language_of(parsed.control)
    form = form.in_language(language)
    texts = form.settings.double_opt_in or texts
    token, link = generate_secure_token(), f"{form.url}/confirm"
    may_quote = form.settings.challenge != "none"  # it was passed, or the submission would be spam
    answers = quote_answers(form.fields, parsed.data, address) if may_quote else {}
    reference = reference_of(submission_id)
    values = {
        "id": submission_id,
        "submission_id": submission_id,
        "form_id": form.id,
        "token_hash": token_hash(token),
        "token": token,
        "subject": fill_template(texts.subject, form, reference, answers),
        "text": _text(texts, form, reference, {**answers, LINK: _link(link, token, language)}, language),
        "link": link,
        "client": None,
        "mails": 1,
        "asked_at": now(),
        "confirmed_at": None,
        "withdrawn_at": None,
    }
    return [(OPT_INS, values), person_row(OPT_IN, address, submission_id)]


def opt_in_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return template values; None if the submission is gone.

    :raises SuppressedError: if it must not be sent
    """
    opt_in = db.session.scalar(select(OptIn).where(OptIn.submission_id == message.about))
    submission = db.session.get(Submission, message.about) if opt_in else None
    form = readable_form(submission) if submission else None
    if opt_in is None or submission is None or form is None:
        return None
    if submission.status != "unconfirmed" or is_expired(opt_in.asked_at):
        raise SuppressedError("Not sent: the submission waits no longer for its confirmation.")
    payloads.require_readable(submission.data, submission.control, opt_in.subject, opt_in.text)
    address = address_of(form, submission)
    if address is None:
        return None
    check_address(address)
    caps.admit(message, form, address)
    language = language_of(json.loads(submission.control or "{}"))
    return {
        "subject": opt_in.subject,
        "text": opt_in.text,
        "link": _link(opt_in.link, opt_in.token or "", language),
        SENDER_NAME: form.in_language(language).name,
        LANGUAGE: language,
    }


def address_of(form: PublishedForm, submission: Submission) -> str | None:
    """Return the address of whoever submitted; None if it cannot be decrypted."""
    if unreadable_flag(submission.data, submission.control):
        return None
    fields = fields_of_version(form, submission.form_version)
    return reply_to(fields, json.loads(submission.data), json.loads(submission.control or "{}"))


def is_expired(asked_at: datetime) -> bool:
    """Whether its link is no longer valid."""
    return asked_at < now() - LIFETIME


def require_confirmed(ids: Sequence[uuid.UUID]) -> None:
    """Refuse to move submissions that their senders have not confirmed: an owner cannot consent for them.

    :raises ValidationError: if one is among them
    """
    waiting = OptIn.confirmed_at.is_(None), OptIn.submission_id.in_(ids)
    if db.session.scalar(select(OptIn.id).where(*waiting).limit(1)):
        message = "Only the person can confirm it, by the link in their mail. It can be marked as spam or deleted."
        raise ValidationError({"status": [FieldError(message, "unconfirmed")]})


def is_confirmed() -> ColumnElement[bool]:
    """Return the condition that the submission of a query has been confirmed."""
    return exists().where(OptIn.submission_id == Submission.id, OptIn.confirmed_at.is_not(None))


def sweep() -> None:
    """Erase what nobody confirmed in time, with its files."""
    expired = (OptIn.confirmed_at.is_(None), OptIn.asked_at < now() - LIFETIME, Submission.status == "unconfirmed")
    query = select(Submission.form_id, Form.owner_id, Submission.id).join(Form, Form.id == Submission.form_id)
    query = query.join(OptIn, OptIn.submission_id == Submission.id).where(*expired, Form.deleted_at.is_(None))
    while rows := db.session.execute(query.order_by(Submission.form_id).limit(deletion.BATCH_SIZE)).all():
        for (form_id, owner_id), group in groupby(rows, lambda row: (row.form_id, row.owner_id)):
            with write_session():
                expired_ids = [row.id for row in group]
                waiting = (Submission.id.in_(expired_ids), Submission.status == "unconfirmed")
                # locked, and asked again: one may have been confirmed in its last second
                ids = db.session.scalars(select(Submission.id).where(*waiting).with_for_update()).all()
                deletion.erase_and_commit(ids, EXPIRED_EVENT, account_id=owner_id, details={"form_id": form_id})


def _link(page: str, token: str, language: str) -> str:
    return f"{page}?token={token}{language_query(language)}"


def _text(texts: DoubleOptIn, form: PublishedForm, reference: str, values: dict[str, str], language: str) -> str:
    text = fill_template(texts.text, form, reference, values)
    link = "" if values[LINK] in text else f"\n\n{values[LINK]}"
    return f"{text}{link}\n\n{translate(FOOTER, language)}"
