"""Acts behind the buttons of the inbox, and the row that gets the focus after each."""

import uuid
from collections.abc import Sequence
from contextlib import suppress

from forms_service.accounts.guards import Caller
from forms_service.console.inbox import undo_cookie
from forms_service.console.inbox.schemas import CHANGES, DELETE, Listing
from forms_service.console.inbox.submission_page import next_row, place
from forms_service.errors import ConflictError, NotFoundError
from forms_service.inbox import service as inbox
from forms_service.inbox import undo as undoing

STAYING = ("read", "unread")
"""Actions after which a submission is still in its list."""


def change_submission(
    submission_id: uuid.UUID, caller: Caller, listing: Listing, action: str
) -> tuple[str, str | None]:
    """Change or delete a submission; return its form and the next row."""
    submission = inbox.get(submission_id, caller)
    form_id = submission["form_id"]
    at = str(submission_id) if action in STAYING else next_row(submission, caller, place(listing, submission))
    if action == DELETE:
        inbox.delete(submission_id, caller)
    else:
        undo_cookie.offer(undoing.change(form_id, caller, [submission_id], CHANGES[action]), caller)
    return form_id, at


def change_selection(
    form_id: str, caller: Caller, listing: Listing, ids: Sequence[uuid.UUID], action: str
) -> str | None:
    """Change or delete submissions of a form; return the next row."""
    at = _row_after(min(ids), caller, listing, action)  # ids sort by time: the list goes on below it
    if action == DELETE:
        inbox.bulk(form_id, caller, ids, {"delete": True})
    else:
        undo_cookie.offer(undoing.change(form_id, caller, ids, CHANGES[action]), caller)
    return at


def _row_after(submission_id: uuid.UUID, caller: Caller, listing: Listing, action: str) -> str | None:
    if action in STAYING:
        return str(submission_id)
    with suppress(NotFoundError):  # somebody has deleted it meanwhile
        return next_row(inbox.get(submission_id, caller), caller, listing)
    return None


def undo(form_id: str, token: str, caller: Caller) -> tuple[str, str | None]:
    """Take an act back; return the notice, and the row that is back."""
    try:
        act, restored = undoing.undo(form_id, token, caller)
    except ConflictError:  # the page says so
        return "too_late", None
    done = "undone" if len(restored) == len(act.previous) else "partly_undone"
    return done, str(max(restored)) if restored else None
