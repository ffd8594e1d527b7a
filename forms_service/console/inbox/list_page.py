"""Values of a list of submissions: rows, folders with counts, what waits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from forms_service.accounts.guards import Caller
from forms_service.console.inbox.schemas import Listing
from forms_service.console.rendering import current_preferences
from forms_service.database.types import now
from forms_service.inbox import folders
from forms_service.inbox import service as inbox
from forms_service.notifications.mail_values import flatten, texts_of
from forms_service.submissions.counts import Count
from forms_service.submissions.email_addresses import reply_to
from forms_service.validation.datetimes import local_date
from forms_service.web.pagination import Page, encode_cursor

MAX_EXCERPT_LENGTH = 140
MAX_SENDER_LENGTH = 80
LENGTH_OF_DAY = len("2026-11-24")

LABELS = {"inbox": "Inbox", "archived": "Archive", "spam": "Spam", "unconfirmed": "Unconfirmed"}
"""Folders in the order of the page."""


class Folder(NamedTuple):
    """A folder of the navigation; `waiting` is empty for none."""

    status: str
    label: str
    waiting: str
    is_current: bool


def list_values(form: Mapping[str, Any], caller: Caller, listing: Listing) -> dict[str, Any]:
    """Return the values of a page of a form's list."""
    return _beside(_read(form, caller, listing), form, caller, listing)


def list_around(
    form: Mapping[str, Any], caller: Caller, listing: Listing, submission: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of the list beside a submission; behind a link of a mail, of the page that it is on."""
    page = _read(form, caller, listing)
    if listing.is_default and all(row["id"] != submission["id"] for row in page.items):
        # a microsecond later, so that it is the first row
        later = datetime.fromisoformat(submission["created_at"]) + timedelta(microseconds=1)
        cursor = encode_cursor(later.isoformat(), submission["id"])
        listing = replace(listing, cursor=cursor, params={**listing.params, "cursor": cursor})
        page = _read(form, caller, listing)
    return _beside(page, form, caller, listing)


def folder_values(form: Mapping[str, Any], caller: Caller, listing: Listing) -> dict[str, Any]:
    """Return what surrounds a list: the form, the folders, the filter."""
    waiting = folders.count(form["id"], caller, listing.criteria)
    (status, *others) = listing.criteria.status
    current = waiting.counts.get(status, Count())
    return {
        "form": form,
        "listing": listing,
        "folder": "" if others else status,
        "title": "Submissions" if others else LABELS[status],
        "counts": waiting.counts,
        "folders": list(_folders(waiting.counts, listing)),
        "is_new": not any(count.total for count in waiting.counts.values()),
        "unread": unread_text(waiting.counts["inbox"]),
        "unread_here": unread_text(current),
        "spam": shown_count(waiting.counts["spam"]),
        "oldest_spam": _age(waiting.oldest_spam) if waiting.oldest_spam else "",
        "since": _day(listing, "since"),
        "until": _day(listing, "until"),
        "shown_row": lambda row: shown_row(row, form["fields"]),
    }


def shown_row(item: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a submission as a row shows it: who sent it, when, and the longest text."""
    sender = reply_to(fields, item["data"], item["control"])
    texts = [text for text in texts_of(fields, item["data"]).values() if text.strip() and text != sender]
    # the longest says most: a name and a choice come before the message
    excerpt = flatten(max(texts, key=len, default=""), MAX_EXCERPT_LENGTH)
    name = flatten(sender, MAX_SENDER_LENGTH) if sender else item["reference"]
    return {**item, "sent_at": datetime.fromisoformat(item["created_at"]), "sender": name, "excerpt": excerpt}


def shown_count(count: Count) -> str:
    """Format a count as the pages show it: "9,999+" where it was cut off."""
    return f"{count.total - 1:,}+" if count.is_cut else f"{count.total:,}" if count.total else ""


def unread_text(count: Count) -> str:
    """Format the unread ones; with a plus if only the newest were counted."""
    return f"{count.unread:,}{'+' if count.is_cut else ''}" if count.unread else ""


def _read(form: Mapping[str, Any], caller: Caller, listing: Listing) -> Page[dict[str, Any]]:
    return inbox.read_page(form["id"], caller, listing.criteria, limit=listing.limit, cursor=listing.cursor)


def _beside(page: Page[dict[str, Any]], form: Mapping[str, Any], caller: Caller, listing: Listing) -> dict[str, Any]:
    return folder_values(form, caller, listing) | {"rows": page.items, "next": page.next}


def _folders(counts: Mapping[str, Count], listing: Listing) -> Iterator[Folder]:
    for status, label in LABELS.items():
        is_current = listing.criteria.status == (status,)
        if status != "unconfirmed" or is_current or counts[status].total:
            yield Folder(status, label, shown_count(counts[status]), is_current)


def _age(moment: datetime) -> str:
    days = (now() - moment).days
    return f"{days} days" if days > 1 else "1 day" if days else "less than a day"


def _day(listing: Listing, name: str) -> str:
    text = listing.params.get(name, "")
    moment = getattr(listing.criteria, name)
    is_shown_as_typed = len(text) == LENGTH_OF_DAY or not moment
    return text if is_shown_as_typed else local_date(moment, current_preferences().zone).isoformat()
