"""Search over encrypted values: they are opened one after the other, for so long at a time."""

import json
import time
import uuid
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.encryption.associated_data import Unreadable
from forms_service.forms.service import get_owned_form
from forms_service.inbox.folded_text import fold
from forms_service.inbox.service import page
from forms_service.submissions.queries import Filter, Found, batches
from forms_service.validation.datetimes import parse_utc
from forms_service.web.pagination import Page, decode_cursor

SECONDS = 0.5
"""How long a request looks before it hands back what it has, with a cursor to go on from."""


def search(
    form_id: str, caller: Caller, wanted: Filter, q: str, *, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Submissions with a value that holds `q`, the newest first; maybe fewer than `limit`, or none yet.

    :raises NotFoundError: for another's form, as for none
    """
    get_owned_form(form_id, caller)
    until = time.monotonic() + SECONDS
    needle = fold(q) or q  # accents alone are found nowhere, not everywhere
    found: list[Found] = []
    for batch in batches(form_id, wanted, decode_cursor(cursor, parse_utc, uuid.UUID)):
        for submission in batch:
            if isinstance(submission.data, Unreadable) or _holds(submission.data, needle):  # nobody knows what it held
                found.append(submission)
                if len(found) == limit:
                    return page(found, last=submission)
        if time.monotonic() > until:
            return page(found, last=batch[-1])
    return page(found, last=None)


def _holds(data: str, needle: str) -> bool:
    """Whether one of the values does; names and JSON's own signs are no hits."""
    waiting = [json.loads(data)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif needle in fold(value if isinstance(value, str) else json.dumps(value)):
            return True
    return False
