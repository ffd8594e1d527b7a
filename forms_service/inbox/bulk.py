"""Changes or deletes everything that a filter matches, in batches with a commit each, for a bounded time."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.inbox.changes import Previous, apply_and_commit
from forms_service.inbox.undo import Act
from forms_service.submissions.counts import count_matches
from forms_service.submissions.queries import Filter, Position, newest_ids
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import decode_cursor, encode_cursor

BATCH_SIZE = 500
"""Submissions per commit."""

MAX_SECONDS = 2.0
"""Per request; the cursor continues."""

MAX_CHANGED = 10_000
"""Per request; the token that undoes so many takes 230 kB."""


@dataclass(frozen=True)
class Step:
    """Result of a request; `next` is the cursor to go on from if some are left."""

    count: int
    left: int
    next: str | None
    act: Act | None
    """For an undo; None after a deletion."""


def count_matching(form_id: str, caller: Caller, criteria: Filter) -> int:
    """Count everything that a filter matches.

    :raises AuthorizationError: for a role that may not change it
    """
    access.find_form(form_id, caller, access.EDITOR)
    return count_matches(form_id, criteria)


def run(form_id: str, caller: Caller, criteria: Filter, changes: Mapping[str, Any], cursor: str | None) -> Step:
    """Do as much as the time allows: `changes` are those of the API's bulk request.

    :raises ValidationError: for an unconfirmed one that would be moved to the inbox or the archive
    """
    deadline = time.monotonic() + MAX_SECONDS
    after = decode_cursor(cursor, parse_utc, uuid.UUID)
    count, previous = 0, list[Previous]()
    while count < MAX_CHANGED and time.monotonic() < deadline:
        with write_session():
            access.find_form(form_id, caller, access.EDITOR)
            rows = db.session.execute(newest_ids(form_id, criteria, after, BATCH_SIZE)).all()
            if not rows:
                after = None
                break
            previous += apply_and_commit(form_id, caller, [row.id for row in rows], changes)
        count += len(rows)
        after = (rows[-1].created_at, rows[-1].id)
    act = None if "delete" in changes else Act(form_id, changes, previous)
    return Step(count, *_rest(form_id, criteria, after), act)


def _rest(form_id: str, criteria: Filter, after: Position | None) -> tuple[int, str | None]:
    left = count_matches(form_id, criteria, after) if after else 0
    return left, encode_cursor(*after) if after and left else None
