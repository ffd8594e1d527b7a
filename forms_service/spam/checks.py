"""Spam checks, one function per reason. Spam goes to the spam folder and is never discarded.

Only texts that a person wrote count.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from flask import Flask, current_app

from forms_service.form_schema.settings import Blocklist
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.security.key_ring import KeyRing
from forms_service.spam import blocklist
from forms_service.submissions.email_addresses import is_address_field
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.uploads import disk_space
from forms_service.validation.whitespace import trim

MIN_FILL_SECONDS = 2.0
"""Nobody fills in a form faster."""

MAX_LINKS = 5
"""Outside hidden fields, choices and URL fields."""

MAX_CLIENTS = 3
"""Senders of the same content before it is spam."""

DUPLICATE_WINDOW = 86_400
MAX_CONTENTS = 10_000
MIN_TEXT_LENGTH = 40
"""Shorter texts may be equal by chance."""

CONTEXT = "spam.repeated"

WRITTEN_TYPES = ("text", "textarea")
"""Others hold the page's own words."""

MESSAGE_NAMES = frozenset(("message", "msg", "comment", "comments", "body", "text", "question", "inquiry", "enquiry"))
"""Undefined fields that hold a message."""

LONG_TEXT = 200
"""Characters; choices and constants have fewer."""

NOTHING_BLOCKED = Blocklist()

LONE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*|www\.\S*")


class Texts(NamedTuple):
    sent: list[str]
    """Includes lists and objects."""

    written: list[str]
    """Written by a person, as far as the form tells."""

    loose: list[str]
    """Of undefined fields: by a person or a page."""

    addresses: list[str]
    """From the sender's address fields."""


class Evidence(NamedTuple):
    form: PublishedForm
    parsed: ParsedSubmission
    texts: Texts
    ring: KeyRing


class RecentContents:
    """Clients per content within DUPLICATE_WINDOW."""

    def __init__(self) -> None:
        self._clients: OrderedDict[bytes, dict[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def count_clients(self, content: bytes, client: str) -> int:
        """Return how many sent the content, up to MAX_CLIENTS + 1."""
        now = time.time()
        with self._lock:
            seen = self._clients.pop(content, {})
            clients = {name: at for name, at in seen.items() if at > now - DUPLICATE_WINDOW}
            if client not in clients and len(clients) > MAX_CLIENTS:
                del clients[next(iter(clients))]
            clients.setdefault(client, now)
            self._clients[content] = clients
            if len(self._clients) > MAX_CONTENTS:
                self._clients.popitem(last=False)
        return len(clients)


def init_app(app: Flask) -> None:
    app.extensions["recent_contents"] = RecentContents()


def find_spam_reasons(form: PublishedForm, parsed: ParsedSubmission, ring: KeyRing) -> list[str]:
    """Return the reasons, if any.

    :raises ServiceUnavailableError: for spam when the disk is nearly full
    """
    evidence = Evidence(form, parsed, sort_texts(form, parsed), ring)
    reasons = [reason for reason, speaks_for_spam in CHECKS.items() if speaks_for_spam(evidence)]
    if reasons:
        disk_space.require_free_space()
    return reasons


def sort_texts(form: PublishedForm, parsed: ParsedSubmission) -> Texts:
    texts = Texts([], [], [], [])
    for name, value in parsed.data.items():
        kind = form.types.get(name)
        values = [value] if isinstance(value, str) else list(iter_texts([value]))
        texts.sent.extend(values)
        if kind == "email" or (kind is None and is_address_field(name)):
            texts.addresses.extend(values)
        elif kind in WRITTEN_TYPES or (kind is None and name.lower() in MESSAGE_NAMES):
            texts.written.extend(values)
        elif kind is None:
            texts.loose.extend(text for text in values if text is not value or not is_lone_url(text))
    return texts


def iter_texts(values: Iterable[Any]) -> Iterator[str]:
    """Yield texts, also in lists and objects."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from iter_texts(value)
        elif isinstance(value, dict):
            yield from iter_texts(value.values())


def is_lone_url(text: str) -> bool:
    return LONE_URL.fullmatch(trim(text)) is not None


def count_links(text: str) -> int:
    """Count links with a scheme or `www.`."""
    return text.count("://") + text.count("www.") - text.count("://www.")


def is_prose(text: str) -> bool:
    """Whether a person wrote it, judging by the text."""
    return len(text) >= LONG_TEXT or "\n" in text or count_links(text) > 0


def _is_personal(texts: Texts) -> bool:
    return (
        any("@" in text for text in texts.addresses)
        or any(len(text) >= MIN_TEXT_LENGTH and not is_lone_url(text) for text in texts.written)
        or any(len(text) >= MIN_TEXT_LENGTH and is_prose(text) for text in texts.loose)
    )


def _honeypot(evidence: Evidence) -> bool:
    return bool(evidence.parsed.honeypots)


def _too_fast(evidence: Evidence) -> bool:
    started = evidence.parsed.started
    # other sites' forms have no signed start time, and a copied page has an old one
    age = page_tokens.start_age(started) if started else None
    return age is not None and age < MIN_FILL_SECONDS


def _links(evidence: Evidence) -> bool:
    return sum(map(count_links, (*evidence.texts.written, *evidence.texts.loose))) > MAX_LINKS


def _blocked(evidence: Evidence) -> bool:
    blocked = evidence.form.settings.blocklist
    return blocked != NOTHING_BLOCKED and blocklist.matches(blocked, evidence.parsed, evidence.texts.sent)


def _repeated(evidence: Evidence) -> bool:
    form, parsed, texts, ring = evidence
    # answers to a poll are alike without being spam
    if not _is_personal(texts):
        return False
    files = (upload.digest.hex() for upload in parsed.uploads)
    content = ring.index("\0".join((form.id, *texts.sent, *files)), CONTEXT)[:16]
    recent: RecentContents = current_app.extensions["recent_contents"]
    return recent.count_clients(content, parsed.client) > MAX_CLIENTS


CHECKS: dict[str, Callable[[Evidence], bool]] = {
    "honeypot": _honeypot,
    "too_fast": _too_fast,
    "links": _links,
    "blocklist": _blocked,
    "repeated": _repeated,
}
"""All reasons but `challenge_unavailable`."""
