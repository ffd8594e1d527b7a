"""Search of encrypted values, by decrypting them within a time limit."""

import json
import time
import uuid
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.encryption.associated_data import Unreadable
from forms_service.forms import access
from forms_service.inbox.folded_text import fold
from forms_service.inbox.service import build_page
from forms_service.submissions.queries import Filter, SubmissionRow, batches, fetch_and_release, ids_ending_with
from forms_service.validation.datetimes import parse_utc
from forms_service.validation.references import parse_reference
from forms_service.web.pagination import Page, decode_cursor

MAX_SECONDS = 0.5
"""Per request; the cursor continues."""


def search(
    form_id: str, caller: Caller, criteria: Filter, q: str, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Return fewer than `limit` if time runs out. A reference finds its submission alone."""
    access.find_form(form_id, caller)
    id_end = parse_reference(q)
    if id_end and not cursor and (submissions := fetch_and_release(ids_ending_with(id_end, form_id))):
        return build_page(submissions, last=None)
    deadline = time.monotonic() + MAX_SECONDS
    needle = fold(q) or q  # accents alone fold to nothing, which would match everything
    matches: list[SubmissionRow] = []
    for batch in batches(form_id, criteria, decode_cursor(cursor, parse_utc, uuid.UUID)):
        for submission in batch:
            if isinstance(submission.data, Unreadable) or _contains(submission.data, needle):  # it may match
                matches.append(submission)
                if len(matches) == limit:
                    return build_page(matches, last=submission)
        if time.monotonic() > deadline:
            return build_page(matches, last=batch[-1])
    return build_page(matches, last=None)


def _contains(data: str, needle: str) -> bool:
    pending = [json.loads(data)]  # names and JSON syntax must not match
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif needle in fold(value if isinstance(value, str) else json.dumps(value)):
            return True
    return False
