"""Moves, marks and deletes submissions, tells whom it concerns, and puts them back; callers open the session."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, update

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms.cache import get_published_form
from forms_service.replies import opt_in
from forms_service.submissions import deletion, events
from forms_service.submissions.models import Submission

CHANGED_EVENT = "submissions_changed"
RESTORED_EVENT = "submissions_restored"
ERASED_EVENT = "submissions_erased"

CONFIRMED_STATUSES = ("inbox", "archived")
"""Statuses that need a confirmed double opt-in."""


class Previous(NamedTuple):
    """A submission before a change; `is_judged` while its notification was held back as spam."""

    id: uuid.UUID
    status: str
    read: bool
    is_judged: bool


State = tuple[str, bool, bool]
"""`status`, `read` and `is_judged`."""


def apply_and_commit(
    form_id: str, caller: Caller, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]
) -> list[Previous]:
    """Change a form's submissions, or delete them by `{"delete": True}`, with an audit record, and commit.

    Returns those that were different before; none after a deletion.

    :raises ValidationError: for an unconfirmed one that would be moved to the inbox or the archive
    """
    if "delete" in changes:
        events.enqueue_deleted(ids)
        deletion.erase_and_commit(ids, ERASED_EVENT, account_id=caller.account_id, details={"form_id": form_id})
        return []
    previous = apply_changes(form_id, ids, changes)
    record_changes(CHANGED_EVENT, caller, form_id, changes, len(previous))
    db.session.commit()
    return previous


def apply_changes(form_id: str, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]) -> list[Previous]:
    """Change a form's submissions; return those that were different before.

    :raises ValidationError: for an unconfirmed one that would be moved to the inbox or the archive
    """
    if not changes:
        return []
    previous = _load(form_id, ids)
    ids = [row.id for row in previous]  # whoever may change this form need not be allowed to change another
    if changes.get("status") in CONFIRMED_STATUSES:
        opt_in.require_confirmed(ids)
    if changes.get("status") == "inbox":
        _clear_spam_verdict(form_id, ids)
    if changes.get("status") == "spam":
        _mark_spam(form_id, previous)
    _update(Submission.form_id == form_id, Submission.id.in_(ids), values=changes)
    return [row for row in previous if any(getattr(row, name) != value for name, value in changes.items())]


def restore_previous(form_id: str, changes: Mapping[str, Any], previous: Iterable[Previous]) -> list[uuid.UUID]:
    """Put submissions back; return which: not those that have been changed again or deleted since.

    Nothing is sent, as the way there was announced already. But a webhook that has heard of a submission only because
    it was moved out of spam hears that it is spam after all.
    """
    is_unchanged = [getattr(Submission, name) == value for name, value in changes.items()]
    restored: list[uuid.UUID] = []
    for state, these in group_by_state(previous):
        values = {name: value for name, value in zip(("status", "read"), state, strict=False) if name in changes}
        is_these = (Submission.form_id == form_id, Submission.id.in_(these), *is_unchanged)
        if values.get("status") == "unconfirmed":
            is_these = (*is_these, ~opt_in.is_confirmed())  # the person may have confirmed it meanwhile
        ids = _update(*is_these, values=values)
        if values.get("status") == "spam" and changes.get("status") == "inbox" and state[2]:
            events.enqueue_for_form(events.MARKED_SPAM, form_id, ids)
        restored += ids
    return restored


def group_by_state(previous: Iterable[Previous]) -> Iterator[tuple[State, list[uuid.UUID]]]:
    """Yield each state with the submissions that were in it."""
    for state, rows in groupby(sorted(previous, key=_state), key=_state):
        yield state, [row.id for row in rows]


def record_changes(name: str, caller: Caller, form_id: str, changes: Mapping[str, Any], count: int) -> None:
    """Add an event to the audit trail."""
    if count:
        details = {"form_id": form_id, "submissions": count, **changes}
        audit.record(name, account_id=caller.account_id, details=details)


def _load(form_id: str, ids: Sequence[uuid.UUID]) -> list[Previous]:
    columns = (Submission.id, Submission.status, Submission.read, Submission.spam_reasons != "")
    query = select(*columns).where(Submission.form_id == form_id, Submission.id.in_(ids))
    rows = db.session.execute(query.order_by(Submission.id).with_for_update())
    return [Previous(row[0], row[1], row[2], bool(row[3])) for row in rows]


def _state(row: Previous) -> State:
    return row.status, row.read, row.is_judged


def _mark_spam(form_id: str, previous: Sequence[Previous]) -> None:
    moved = [row for row in previous if row.status != "spam"]
    values = {"status": "spam", "marked_spam_at": now()}
    _update(Submission.id.in_([row.id for row in moved]), values=values)
    announced = [row.id for row in moved if row.status != "unconfirmed" and not row.is_judged]
    events.enqueue_for_form(events.MARKED_SPAM, form_id, announced)


def _clear_spam_verdict(form_id: str, ids: Sequence[uuid.UUID]) -> None:
    # until the move to the inbox the reasons stay, in any folder, so that no notification is sent twice
    released = _update(Submission.id.in_(ids), Submission.spam_reasons != "", values={"spam_reasons": ""})
    events.enqueue(events.CREATED, get_published_form(form_id), released)


def _update(*conditions: ColumnElement[bool], values: Mapping[str, Any]) -> list[uuid.UUID]:
    statement = update(Submission).where(*conditions).values(values).returning(Submission.id)
    return list(db.session.scalars(statement.execution_options(synchronize_session=False)))
