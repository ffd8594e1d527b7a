"""Use cases of people who submitted: confirm, ask for the mail again, withdraw."""

import uuid
from enum import StrEnum

from sqlalchemy import Select, select, update

from forms_service.accounts.authentication import token_hash
from forms_service.database.transactions import on_commit, rows_changed, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.replies.automatic_reply import person_row
from forms_service.replies.models import OPT_IN, OptIn
from forms_service.replies.opt_in import address_of, is_expired
from forms_service.submissions import deletion, events
from forms_service.submissions.models import Submission
from forms_service.validation.references import reference_of

MAX_MAILS = 3
"""The first, and two that were asked for again."""

WITHDRAWN_KIND = "withdrawn"
WITHDRAWN_EVENT = "submission_withdrawn"
MAX_WITHDRAWAL_MAILS = 20
"""Per hour, to one owner."""


class State(StrEnum):
    """State of an opt-in, as its pages show it."""

    INVALID = "invalid"
    WAITING = "waiting"
    EXPIRED = "expired"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


def find_state(form: PublishedForm, token: str) -> State:
    """Return the state of the opt-in with this token, changing nothing."""
    opt_in = db.session.scalar(_by_token(form, token))
    return _state_of(opt_in)


def confirm(form: PublishedForm, token: str, client: str | None) -> tuple[State, bool]:
    """Confirm, and send everything that waited for it; return the state, and whether this request confirmed."""
    with write_session():
        opt_in = _lock(form, token)
        state = _state_of(opt_in)
        if opt_in is None or state != State.WAITING:
            return state, False
        opt_in.confirmed_at, opt_in.client = now(), client
        waiting = (Submission.id == opt_in.submission_id, Submission.status == "unconfirmed")
        if rows_changed(update(Submission).where(*waiting).values(status="inbox")):  # else an owner made it spam
            ids = [opt_in.id]
            events.enqueue(events.CREATED, form, ids)
            events.enqueue(events.CONFIRMED, form, ids)
        db.session.commit()
    return State.CONFIRMED, True


def resend(form: PublishedForm, submission_id: uuid.UUID) -> None:
    """Send the request to confirm again, up to MAX_MAILS; the answer does not show whether it was."""
    with write_session():
        opt_in = _lock(form, submission_id)
        submission = db.session.get(Submission, submission_id) if opt_in else None
        if opt_in is None or submission is None or submission.status != "unconfirmed":
            return
        address = address_of(form, submission)
        if address is None or opt_in.mails >= MAX_MAILS or is_expired(opt_in.asked_at):
            return
        opt_in.mails += 1
        outbox.insert_rows(db.session.connection(), [person_row(OPT_IN, address, submission_id)])
        on_commit(outbox.wake_worker)
        db.session.commit()


def withdraw(form: PublishedForm, token: str) -> tuple[State, bool]:
    """Erase the submission, keep the proof without personal data, and tell the owner who had it."""
    with write_session():
        opt_in = _lock(form, token)
        state = _state_of(opt_in)
        if opt_in is None or state in (State.INVALID, State.WITHDRAWN):
            return state, False
        if opt_in.confirmed_at:
            events.enqueue(events.WITHDRAWN, form, [opt_in.id])
            _tell_owner(form, opt_in.id)
        opt_in.submission_id = opt_in.token = opt_in.subject = opt_in.text = opt_in.client = None
        opt_in.withdrawn_at = now()
        db.session.flush()  # before the submission goes, whose proof would go with it
        details = {"form_id": form.id}
        deletion.erase_and_commit([opt_in.id], WITHDRAWN_EVENT, account_id=form.owner_id, details=details)
    return State.WITHDRAWN, True


def _tell_owner(form: PublishedForm, submission_id: uuid.UUID) -> None:
    if form.owner_email:
        values = {"form": form.name, "reference": reference_of(submission_id)}
        outbox.enqueue_mail(
            WITHDRAWN_KIND, form.owner_email, values, about=form.owner_id, max_per_hour=MAX_WITHDRAWAL_MAILS
        )


def _by_token(form: PublishedForm, token: str) -> Select[OptIn]:
    return select(OptIn).where(OptIn.token_hash == token_hash(token), OptIn.form_id == form.id)


def _lock(form: PublishedForm, key: str | uuid.UUID) -> OptIn | None:
    query = select(OptIn).where(OptIn.id == key, OptIn.form_id == form.id)
    query = query if isinstance(key, uuid.UUID) else _by_token(form, key)
    # the submission before its opt-in, as an erasure locks them: no deadlock
    submission_id = query.with_only_columns(OptIn.submission_id).scalar_subquery()
    db.session.execute(select(Submission.id).where(Submission.id == submission_id).with_for_update())
    return db.session.scalar(query.with_for_update())


def _state_of(opt_in: OptIn | None) -> State:
    if opt_in is None:
        return State.INVALID
    if opt_in.withdrawn_at:
        return State.WITHDRAWN
    if opt_in.confirmed_at:
        return State.CONFIRMED
    return State.EXPIRED if is_expired(opt_in.asked_at) else State.WAITING
