"""The same content from many clients: counted in this process, in bounded memory, without asking the database.

Each process counts by itself, so with several of them a wave is noticed a little later.
"""

from flask import Flask, current_app

from forms_service.encryption.keyring import current_key_ring
from forms_service.forms.cache import PublishedForm
from forms_service.rate_limiting.storage import BoundedMemory, Hit
from forms_service.spam.texts import Wording, is_lone_url, is_prose
from forms_service.submissions.parsed_submission import Incoming

OTHERS = 3
"""Clients that may send the same; what a further one sends is spam."""

WINDOW = 86_400
MAX_REMEMBERED = 10_000
MIN_TEXT_LENGTH = 40
"""Characters of a text that nobody writes by chance as another did: "Yes" says nothing."""

CONTEXT = "spam.repeated"


def init_app(app: Flask) -> None:
    """Give the app its memory."""
    app.extensions["repeats"] = BoundedMemory(most_hits=MAX_REMEMBERED)


def is_one(form: PublishedForm, incoming: Incoming, wording: Wording) -> bool:
    """Whether more than OTHERS clients have sent exactly this to the form within a day.

    Only what holds the sender's address or a text of some length that a person wrote counts: answers to a poll are
    alike without being spam, whatever a page adds to them.
    """
    if not _is_personal(wording):
        return False
    files = (upload.digest.hex() for upload in incoming.uploads)
    content = current_key_ring().index("\0".join((form.id, *wording.sent, *files)), CONTEXT)[:16].hex()
    memory: BoundedMemory = current_app.extensions["repeats"]
    mine = Hit(f"{content} {incoming.client}", 1, WINDOW)
    everybodys = Hit(content, 2**31, WINDOW)
    memory.take([mine, everybodys])  # counts nobody twice: where the first has no room, neither is charged
    return memory.get(content) > OTHERS


def _is_personal(wording: Wording) -> bool:
    return (
        any("@" in text for text in wording.addresses)
        or any(len(text) >= MIN_TEXT_LENGTH and not is_lone_url(text) for text in wording.written)
        or any(len(text) >= MIN_TEXT_LENGTH and is_prose(text) for text in wording.loose)
    )
