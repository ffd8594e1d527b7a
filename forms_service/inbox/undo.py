"""Takes back what was done to submissions, by a signed token that says how they were before."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.errors import ConflictError
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.inbox.changes import (
    RESTORED_EVENT,
    Previous,
    apply_and_commit,
    group_by_state,
    record_changes,
    restore_previous,
)

MAX_AGE = 600
"""Seconds. Pages offer it for 10 and more: nobody has to hurry (WCAG 2.2.1)."""

SALT = "forms_service undo"
BATCH_SIZE = 500
HEX_LENGTH = 32
TOO_LATE = "It is too late to undo this. You can still change each submission by its buttons."


@dataclass(frozen=True)
class Act:
    """A change that was made, and the submissions that it changed."""

    form_id: str
    changes: Mapping[str, Any]
    previous: Sequence[Previous]


def change(form_id: str, caller: Caller, ids: Sequence[uuid.UUID], changes: Mapping[str, Any]) -> Act:
    """Change submissions of a form, so that it can be undone.

    :raises ValidationError: for an unconfirmed one that would be moved to the inbox or the archive
    """
    with write_session():
        access.find_form(form_id, caller, access.EDITOR)
        return Act(form_id, changes, apply_and_commit(form_id, caller, ids, changes))


def sign(act: Act, caller: Caller) -> str:
    """Return a token for the account that acted; 100 submissions take less than 3 kB."""
    groups = [[*state, "".join(identity.hex for identity in ids)] for state, ids in group_by_state(act.previous)]
    return _serializer(caller).dumps([act.form_id, dict(act.changes), groups])


def read(token: str, caller: Caller) -> Act | None:
    """Return what a token takes back; None if it is another account's, forged or too old."""
    try:
        form_id, changes, groups = _serializer(caller).loads(token, max_age=MAX_AGE)
    except (BadData, UnicodeError):
        return None
    previous = [
        Previous(uuid.UUID(ids[start : start + HEX_LENGTH]), status, is_read, is_judged)
        for status, is_read, is_judged, ids in groups
        for start in range(0, len(ids), HEX_LENGTH)
    ]
    return Act(form_id, changes, previous)


def undo(form_id: str, token: str, caller: Caller) -> tuple[Act, list[uuid.UUID]]:
    """Put the submissions back that have not been changed again; return which, of which act.

    :raises ConflictError: if it is too late
    """
    access.find_form(form_id, caller, access.EDITOR)
    act = read(token, caller)
    if act is None or act.form_id != form_id:
        raise ConflictError(TOO_LATE)
    restored: list[uuid.UUID] = []
    for start in range(0, len(act.previous), BATCH_SIZE):
        with write_session():
            access.find_form(form_id, caller, access.EDITOR)
            ids = restore_previous(form_id, act.changes, act.previous[start : start + BATCH_SIZE])
            record_changes(RESTORED_EVENT, caller, form_id, {}, len(ids))
            db.session.commit()
        restored += ids
    return act, restored


def _serializer(caller: Caller) -> URLSafeTimedSerializer:
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(settings.secret_key, f"{SALT} {caller.account_id}", signer_kwargs=signing)
