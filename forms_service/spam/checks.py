"""What speaks for spam: each check is a function under the code it gives as its reason, and nothing is thrown away."""

from collections.abc import Callable

from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.spam import blocklist, duplicates
from forms_service.spam.texts import Wording, links_in, wording_of
from forms_service.submissions.parsed_submission import Incoming
from forms_service.uploads import disk_space

MIN_FILL_SECONDS = 2.0
"""Seconds in which nobody fills in a form that they have just been shown."""

MAX_LINKS = 5
"""Links in what a person wrote; those in hidden fields, choices and fields that ask for a URL do not count."""


def verdict(form: PublishedForm, incoming: Incoming) -> list[str]:
    """The reasons to put a submission into the spam folder; none, and it goes into the inbox.

    :raises ServiceUnavailableError: for spam, when the disk is nearly full
    """
    wording = wording_of(form, incoming)
    reasons = [reason for reason, speaks in CHECKS.items() if speaks(form, incoming, wording)]
    if reasons:
        disk_space.refuse_when_short()
    return reasons


def _honeypot(_: PublishedForm, incoming: Incoming, __: Wording) -> bool:
    return bool(incoming.honeypots)


def _too_fast(_: PublishedForm, incoming: Incoming, __: Wording) -> bool:
    """Only a time that we signed says anything: other sites' forms have none, and a copied page has an old one."""
    age = page_tokens.start_age(incoming.started) if incoming.started else None
    return age is not None and age < MIN_FILL_SECONDS


def _links(_: PublishedForm, __: Incoming, wording: Wording) -> bool:
    return sum(map(links_in, (*wording.written, *wording.loose))) > MAX_LINKS


Check = Callable[[PublishedForm, Incoming, Wording], bool]

CHECKS: dict[str, Check] = {
    "honeypot": _honeypot,
    "too_fast": _too_fast,
    "links": _links,
    "blocklist": blocklist.names,
    "repeated": duplicates.is_one,
}
"""Every reason and what finds it. `challenge_unavailable` is given by `challenges.py`."""
