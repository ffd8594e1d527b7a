"""Counts of a form's folders, and the neighbours of a submission there."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select

from forms_service.accounts.guards import Caller
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.submissions.counts import MAX_COUNTED, Count, count_by_status, oldest
from forms_service.submissions.queries import Filter, Position, newer_ids, newest_ids


@dataclass(frozen=True)
class Folders:
    """Counts by status, within the dates of the filter, and the time of the oldest spam."""

    counts: Mapping[str, Count]
    oldest_spam: datetime | None


@dataclass(frozen=True)
class Neighbours:
    """Ids of the submissions before and after one in a list, and of the next unread one."""

    newer: uuid.UUID | None
    older: uuid.UUID | None
    unread: uuid.UUID | None


def count(form_id: str, caller: Caller, criteria: Filter) -> Folders:
    """Count what waits."""
    access.require_role(access.find_role(form_id, caller), access.VIEWER)
    counts = count_by_status(form_id, criteria)
    return Folders(counts, oldest(form_id, "spam") if counts["spam"].total else None)


def find_neighbours(form_id: str, caller: Caller, criteria: Filter, position: Position) -> Neighbours:
    """Return the neighbours of a position; unread ones among the next MAX_COUNTED, else the newest ones."""
    access.require_role(access.find_role(form_id, caller), access.VIEWER)
    unread = replace(criteria, unread=True)
    after = newest_ids(form_id, unread, position, 1, scanned=MAX_COUNTED)
    newest = newest_ids(form_id, unread, None, 2, scanned=MAX_COUNTED)
    return Neighbours(
        newer=_first(newer_ids(form_id, criteria, position, 1)),
        older=_first(newest_ids(form_id, criteria, position, 1, scanned=MAX_COUNTED)),
        unread=_first(after) or _first(newest, but=position[1]),
    )


def _first(query: Select[*tuple[object, ...]], but: uuid.UUID | None = None) -> uuid.UUID | None:
    ids = (row.id for row in db.session.execute(query))
    return next((identity for identity in ids if identity != but), None)
