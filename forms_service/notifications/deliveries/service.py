"""Use cases of deliveries. Another owner's raise NotFoundError."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from forms_service.accounts.guards import Caller
from forms_service.database.transactions import on_commit, rows_changed, write_session
from forms_service.database.types import now
from forms_service.delivery import outbox, payloads, target_owners
from forms_service.delivery.models import URGENT, Attempt, Message
from forms_service.errors import ConflictError, NotFoundError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.models import Form
from forms_service.notifications.deliveries.queries import Position, attempts_of, newest, select_deliveries
from forms_service.submissions.models import Submission
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import Page, decode_cursor, encode_cursor

NOT_STORED = "This message cannot be sent again: its content was deleted once it was sent or given up."
MAX_SHOWN = 50
SENT_ONCE = "This mail has been sent, and people who submit a form get it once. Write to them yourself instead."
IN_FLIGHT = "This message is being sent at this moment. Try again in a minute."


def list_deliveries(
    form_id: str, caller: Caller, filters: dict[str, str], *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Return a page of a form's deliveries, those of the newest submissions first.

    :raises NotFoundError: also for a form of another owner
    """
    access.find_form(form_id, caller, access.MANAGER)
    rows, after = newest(form_id, filters, _position(cursor), limit)
    return Page(as_dicts(rows), _cursor(after) if after else None)


def get(delivery_id: uuid.UUID, caller: Caller) -> dict[str, Any]:
    """Return a delivery with its attempts.

    :raises NotFoundError: also for one of another owner's form
    """
    query = select_deliveries().outerjoin(Submission, Submission.id == Message.about).outerjoin(Form)
    is_about_none = Message.about.is_(None) & target_owners.go_to_targets_of(caller)
    is_visible = or_(and_(Form.id.is_not(None), *_visible_to(caller)), is_about_none)
    row = db.session.execute(query.where(Message.id == delivery_id, is_visible)).one_or_none()
    if row is None:  # a member with a lower role is told so
        access.require_role(_find_role(delivery_id, caller), access.MANAGER)
        raise NotFoundError()
    (delivery,) = as_dicts([row])
    return delivery


def list_of_submission(submission_id: uuid.UUID, caller: Caller) -> list[dict[str, Any]]:
    """Return the newest MAX_SHOWN deliveries about a submission; none for another owner's."""
    query = select_deliveries().join(Submission, Submission.id == Message.about).join(Form)
    query = query.where(Message.about == submission_id, *_visible_to(caller))
    return as_dicts(db.session.execute(query.order_by(Message.id.desc()).limit(MAX_SHOWN)).all())


def retry(delivery_id: uuid.UUID, caller: Caller) -> None:
    """Make a message due at once under its id, with the content that its submission has now.

    :raises NotFoundError: also for one of another owner's form
    :raises ConflictError: if its content is gone, it is being sent, or a person who submitted has it already
    """
    delivery = get(delivery_id, caller)
    is_free = or_(Message.lease_until.is_(None), Message.lease_until <= now())
    with write_session():
        columns = select(Message.state, Message.priority).where(Message.id == delivery_id)
        message = db.session.execute(columns.with_for_update()).one_or_none()
        if message is None:
            raise NotFoundError()
        if delivery["kind"] not in payloads.kinds() and message.state != "waiting":
            raise ConflictError(NOT_STORED)
        # caps on mails to people do not count retries, so that only what has not been sent may be retried
        if message.priority == URGENT and message.state == "sent":
            raise ConflictError(SENT_ONCE)
        statement = update(Message).where(Message.id == delivery_id, is_free).values(outbox.new_series())
        if not rows_changed(statement.execution_options(synchronize_session=False)):
            raise ConflictError(IN_FLIGHT)
        on_commit(outbox.wake_worker)
        db.session.commit()


def _find_role(delivery_id: uuid.UUID, caller: Caller) -> str | None:
    query = select(access.role_of(caller)).select_from(Message).join(Submission, Submission.id == Message.about)
    query = query.join(Form, Form.id == Submission.form_id)
    role: str | None = db.session.scalar(query.where(Message.id == delivery_id, Form.deleted_at.is_(None)))
    return role


def _visible_to(caller: Caller) -> list[Any]:
    return [Form.deleted_at.is_(None), access.with_role(caller, access.MANAGER)]


def as_dicts(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return deliveries as the API shows them, with their attempts."""
    attempts = attempts_of(rows)
    return [_as_dict(row, attempts.get(row.id, []) + attempts.get(row.digest_id, [])) for row in rows]


def _as_dict(row: Any, attempts: Sequence[Attempt]) -> dict[str, Any]:
    target = {"mail": "recipient_id", "webhook": "webhook_id"}[row.channel]
    return {
        "id": row.id,
        "channel": row.channel,
        "kind": row.kind,
        "submission_id": row.about,
        target: row.target_id,
        "state": row.state,
        "next_attempt_at": row.next_attempt_at if row.state == "waiting" else None,
        "attempts": attempts,
    }


def _position(cursor: str | None) -> Position | None:
    parts = decode_cursor(cursor, parse_utc, uuid.UUID, _optional_id)
    return Position(*parts) if parts else None


def _optional_id(text: str) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _cursor(position: Position) -> str:
    created_at: datetime = position.created_at
    return encode_cursor(created_at, position.submission_id, position.message_id or "")
