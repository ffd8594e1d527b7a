"""Contents of a digest, read when it is sent: what was erased meanwhile is not in it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from forms_service.delivery.mail_rendering import UNSUBSCRIBE
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.payloads import MessageRef
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm, fields_of_version, get_published_form
from forms_service.notifications.recipients import links, queries
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.notifications.recipients.queries import AddressedRecipient
from forms_service.submissions.console_urls import inbox_url, submission_url
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.models import Submission
from forms_service.submissions.queries import SubmissionRow, fetch
from forms_service.validation.references import reference_of
from forms_service.validation.text import collapse_whitespace, strip_controls
from forms_service.validation.timezones import load_zone

KIND = "recipient_digest"
MAX_LISTED = 50
"""Submissions; the rest is counted."""

MAX_LINE = 100
NOTHING_LEFT = "Not sent: its submissions have been erased or moved."


def digest_payload(message: MessageRef) -> dict[str, Any] | None:
    """Return template values; None if nobody may read the form.

    :raises SuppressedError: if the recipient is gone, or nothing is left to list
    """
    if message.target_id is None:
        return None
    row = queries.find_active(message.target_id)
    form = _readable(row.form.id)
    if form is None:
        return None
    count = db.session.scalar(select(func.count()).select_from(_submissions(message).subquery())) or 0
    spam = _count_spam(form.id)
    if not count and not spam:
        raise SuppressedError(NOTHING_LEFT)
    may_open = queries.may_open(row)
    items = [] if row.recipient.content == "none" else _items(form, row, message, may_open=may_open)
    zone = load_zone(row.recipient.timezone)
    return {
        "form": _line(form.name),
        "count": count,
        "items": items,
        "more": count - len(items) if items else 0,
        "spam": spam,
        "moment": f"{message.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "timezone": str(zone),
        "link": inbox_url(form.id) if may_open else None,
        UNSUBSCRIBE: links.make_url(links.UNSUBSCRIBE, row.blind_index, row.recipient.id),
    }


def _submissions(message: MessageRef) -> Select[Any]:
    listed = select(DigestEntry.submission_id).where(DigestEntry.message_id == message.id)
    return select(Submission.id).where(Submission.id.in_(listed), Submission.status.in_(("inbox", "archived")))


def _items(
    form: PublishedForm, row: AddressedRecipient, message: MessageRef, *, may_open: bool
) -> list[dict[str, Any]]:
    newest = _submissions(message).order_by(Submission.created_at.desc(), Submission.id.desc()).limit(MAX_LISTED)
    return [
        _item(form, submission, row.recipient) | {"link": submission_url(submission.id) if may_open else None}
        for submission in reversed(_fetch_all(newest))
    ]


def _fetch_all(ids: Select[Any]) -> list[SubmissionRow]:
    left = list(db.session.scalars(ids))
    submissions: list[SubmissionRow] = []
    while left and (batch := fetch(select(Submission.id).where(Submission.id.in_(left)))):
        submissions += batch
        done = {submission.id for submission in batch}
        left = [identity for identity in left if identity not in done]
    return submissions


def _item(form: PublishedForm, submission: SubmissionRow, recipient: Recipient) -> dict[str, Any]:
    data, control = json.loads(submission.data), json.loads(submission.control or "{}")
    sender = reply_to(fields_of_version(form, submission.form_version), data, control) or ""
    return {
        "reference": reference_of(submission.id),
        "moment": f"{submission.created_at.astimezone(load_zone(recipient.timezone)):%Y-%m-%d %H:%M}",
        "sender": _line(sender),
        "line": _first_line(data, sender) if recipient.content == "full" else "",
    }


def _first_line(data: Mapping[str, Any], sender: str) -> str:
    texts: Sequence[str] = [value for value in data.values() if isinstance(value, str) and value.strip()]
    # the longest says most: a name and a choice come before the message
    text = max((text for text in texts if text != sender), key=len, default="")
    return _line(text.strip().partition("\n")[0])


def _count_spam(form_id: str) -> int:
    query = select(func.count()).where(Submission.form_id == form_id, Submission.status == "spam")
    return db.session.scalar(query) or 0


def _readable(form_id: str) -> PublishedForm | None:
    try:
        form = get_published_form(form_id)
    except NotFoundError:
        return None  # it is being erased
    return form if form.owner_active else None


def _line(text: str) -> str:
    return strip_controls(collapse_whitespace(text[: MAX_LINE * 2]))[:MAX_LINE]
