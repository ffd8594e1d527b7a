"""Caps on mails to people, counted in the database, so that they are exact across workers and restarts."""

import hashlib
from datetime import timedelta

from flask import Flask
from sqlalchemy import ColumnElement, delete, func, select

from forms_service.background import periodic
from forms_service.config import settings
from forms_service.config.parsers import Rate
from forms_service.database.transactions import lock_until_commit, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.payloads import MessageRef
from forms_service.encryption.keyring import current_key_ring
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.replies.excluded_addresses import mailbox_key
from forms_service.replies.models import REPLY, ReplySwitch, SentReply
from forms_service.signals import form_changing, forms_describing
from forms_service.submissions.console_urls import notifications_url

ONCE_A_DAY = Rate(1, 86_400)
"""Automatic replies to one address of one form."""

SWITCHED_OFF, OPT_IN_LIMIT = "replies_off", "opt_in_limit"
"""Kinds of mail to the owner."""

PROBLEM = (
    "More automatic replies were due than REPLY_RATE_LIMITS allows a form, so they have been off since {time:%Y-%m-%d "
    "%H:%M} UTC. To switch them on again, save the automatic reply (settings.reply) once more."
)
ADDRESS_CONTEXT = "sent_replies.address_index"
MAX_NOTICES = {SWITCHED_OFF: 20, OPT_IN_LIMIT: 1}
"""To one owner within an hour: a switch stays off, a limit is reached again and again."""

LOCK = hashlib.sha256(b"sent_replies").digest()

SWEEP_INTERVAL = 3600


def init_app(app: Flask) -> None:
    """Register the cleanup."""
    periodic.register(app, "sent replies", SWEEP_INTERVAL, sweep)


def admit(message: MessageRef, form: PublishedForm, address: str) -> None:
    """Count a mail to a person, but not its retries.

    :raises SuppressedError: beyond a cap
    """
    index = current_key_ring().index(mailbox_key(address), ADDRESS_CONTEXT)
    with write_session():
        lock_until_commit(LOCK)
        if db.session.get(SentReply, message.id):
            return
        reason = _find_reason(message.kind, form, index)
        if reason is None:
            db.session.add(SentReply(message_id=message.id, kind=message.kind, form_id=form.id, address_index=index))
        db.session.commit()
    if reason:
        raise SuppressedError(reason)


def sweep() -> None:
    """Delete what is older than every window."""
    longest = max(rate.seconds for rate in (*settings.reply_rate_limits, ONCE_A_DAY))
    with write_session():
        db.session.execute(delete(SentReply).where(SentReply.created_at < now() - timedelta(seconds=longest)))
        db.session.commit()


@form_changing.connect
def _switch_on(_: object, form_id: str, settings_patch: dict[str, object]) -> None:
    if "reply" in settings_patch:
        db.session.execute(delete(ReplySwitch).where(ReplySwitch.form_id == form_id))


@forms_describing.connect
def _add_problems(_: object, forms: list[dict[str, object]]) -> None:
    ids = [form["id"] for form in forms]
    query = select(ReplySwitch.form_id, ReplySwitch.off_at).where(ReplySwitch.form_id.in_(ids))
    off_at = {row.form_id: row.off_at for row in db.session.execute(query)} if ids else {}
    for form in forms:
        moment = off_at.get(form["id"])
        form["reply_problem"] = PROBLEM.format(time=moment) if moment else None


def _find_reason(kind: str, form: PublishedForm, index: bytes) -> str | None:
    per_form, per_address, in_all = settings.reply_rate_limits
    to_address, of_form = SentReply.address_index == index, SentReply.form_id == form.id
    if kind == REPLY and db.session.get(ReplySwitch, form.id) is not None:
        return "Not sent: the automatic replies of this form are off."
    if kind == REPLY and _is_reached(ONCE_A_DAY, kind, to_address, of_form):
        return "Not sent: this address has had a reply of this form within a day."
    if _is_reached(per_address, kind, to_address):
        return "Not sent: this address has had as many mails as REPLY_RATE_LIMITS allows."
    if _is_reached(in_all, kind):
        return "Not sent: the service has sent as many mails to people as REPLY_RATE_LIMITS allows."
    if _is_reached(per_form, kind, of_form):
        if kind == REPLY:
            db.session.add(ReplySwitch(form_id=form.id))
        _tell_owner(SWITCHED_OFF if kind == REPLY else OPT_IN_LIMIT, form, per_form)
        return "Not sent: this form has sent as many mails to people as REPLY_RATE_LIMITS allows."
    return None


def _is_reached(rate: Rate, kind: str, *conditions: ColumnElement[bool]) -> bool:
    since = SentReply.created_at > now() - timedelta(seconds=rate.seconds)
    query = select(func.count()).select_from(SentReply).where(SentReply.kind == kind, since, *conditions)
    return (db.session.scalar(query) or 0) >= rate.requests


def _tell_owner(kind: str, form: PublishedForm, cap: Rate) -> None:
    if form.owner_email:
        values = {"form": form.name, "count": cap.requests, "minutes": max(cap.seconds // 60, 1)}
        values["link"] = notifications_url(form.id)
        outbox.enqueue_mail(kind, form.owner_email, values, about=form.owner_id, max_per_hour=MAX_NOTICES[kind])
