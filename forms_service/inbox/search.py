"""Search over encrypted values: they are opened one after the other, for so long at a time."""

import json
import time
import uuid
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.encryption.associated_data import Unreadable
from forms_service.forms.service import get_owned_form
from forms_service.inbox.folded_text import fold
from forms_service.inbox.service import build_page
from forms_service.submissions.queries import Filter, SubmissionRow, batches
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import Page, decode_cursor

MAX_SECONDS = 0.5
"""How long a request looks before it hands back what it has, with a cursor to go on from."""


def search(
    form_id: str, caller: Caller, criteria: Filter, q: str, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Submissions with a value that holds `q`, the newest first; maybe fewer than `limit`, or none yet.

    :raises NotFoundError: for another's form, as for none
    """
    get_owned_form(form_id, caller)
    deadline = time.monotonic() + MAX_SECONDS
    needle = fold(q) or q  # accents alone are found nowhere, not everywhere
    matches: list[SubmissionRow] = []
    for batch in batches(form_id, criteria, decode_cursor(cursor, parse_utc, uuid.UUID)):
        for submission in batch:
            if isinstance(submission.data, Unreadable) or _contains(
                submission.data, needle
            ):  # nobody knows what it held
                matches.append(submission)
                if len(matches) == limit:
                    return build_page(matches, last=submission)
        if time.monotonic() > deadline:
            return build_page(matches, last=batch[-1])
    return build_page(matches, last=None)


def _contains(data: str, needle: str) -> bool:
    """Whether one of the values does; names and JSON's own signs are no hits."""
    pending = [json.loads(data)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif needle in fold(value if isinstance(value, str) else json.dumps(value)):
            return True
    return False
