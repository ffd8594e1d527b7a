"""What speaks for spam: each check is a function under the code it gives as its reason, and nothing is thrown away."""

from collections.abc import Callable, Mapping
from typing import Any

from forms_service.forms import started
from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking import blocklists, disk, repeats
from forms_service.submissions.taking.incoming import Incoming

FASTEST = 2.0
"""Seconds in which nobody fills in a form that they have just been shown."""

MOST_LINKS = 5
"""Links that a submission may hold besides those that its fields ask for."""


def verdict(form: PublishedForm, incoming: Incoming) -> list[str]:
    """The reasons to put a submission into the spam folder; none, and it goes into the inbox.

    :raises ServiceUnavailableError: for spam, when the disk is nearly full
    """
    texts = texts_of(incoming.data)
    reasons = [reason for reason, speaks in CHECKS.items() if speaks(form, incoming, texts)]
    if reasons:
        disk.refuse_when_short()
    return reasons


def texts_of(data: Mapping[str, Any]) -> list[str]:
    """Every text that was sent, also from inside lists and objects."""
    texts: list[str] = []
    waiting = list(data.values())
    for value in waiting:  # it grows while it is walked
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
    return texts


def _honeypot(_: PublishedForm, incoming: Incoming, __: list[str]) -> bool:
    return bool(incoming.honeypots)


def _too_fast(_: PublishedForm, incoming: Incoming, __: list[str]) -> bool:
    """Only a time that we signed says anything: other sites' forms have none, and a copied page has an old one."""
    age = started.age_of(incoming.started) if incoming.started else None
    return age is not None and age < FASTEST


def _links(form: PublishedForm, _: Incoming, texts: list[str]) -> bool:
    if sum(map(links_in, texts)) <= MOST_LINKS:
        return False
    asked_for = [field for field in form.fields if field["type"] == "url"]
    return sum(map(links_in, texts)) > MOST_LINKS + len(asked_for)


def links_in(text: str) -> int:
    """How many links a text holds, with a scheme or beginning with www."""
    return text.count("://") + text.count("www.") - text.count("://www.")


Check = Callable[[PublishedForm, Incoming, list[str]], bool]

CHECKS: dict[str, Check] = {
    "honeypot": _honeypot,
    "too_fast": _too_fast,
    "links": _links,
    "blocklist": blocklists.names,
    "repeated": repeats.is_one,
}
"""Every reason and what finds it. `challenge_unavailable` is given by `challenges.py`."""
