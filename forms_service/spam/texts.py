"""Sorts the texts of a submission by author: spam checks count only what a person wrote."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from forms_service.forms.cache import PublishedForm
from forms_service.submissions.email_addresses import is_address_field
from forms_service.submissions.parsed_submission import Incoming
from forms_service.validation.whitespace import trim

WRITTEN_TYPES = ("text", "textarea")
"""Types of fields that people write into. Choices and hidden fields are the page's own words."""

MESSAGE_NAMES = frozenset(("message", "msg", "comment", "comments", "body", "text", "question", "inquiry", "enquiry"))
"""Names under which a page asks for a message, where the form defines no field of that name."""

LONG_TEXT = 200
"""Characters of a text that is no choice and no constant of a page, in a field that the form does not define."""

LONE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*|www\.\S*")


class Wording(NamedTuple):
    """The texts of a submission."""

    sent: list[str]
    """Every text, also from inside lists and objects."""

    written: list[str]
    """Those that a person wrote, as far as the form tells. A URL alone is nobody's text."""

    loose: list[str]
    """Those in fields that the form does not define, which a person wrote or a page."""

    addresses: list[str]
    """Those in the fields for the sender's own e-mail address."""


def wording_of(form: PublishedForm, incoming: Incoming) -> Wording:
    """Sort the texts of a submission by who wrote them."""
    found = Wording([], [], [], [])
    for name, value in incoming.data.items():
        kind = form.types.get(name)
        texts = [value] if isinstance(value, str) else list(texts_in([value]))
        found.sent.extend(texts)
        if kind == "email" or (kind is None and is_address_field(name)):
            found.addresses.extend(texts)
        elif kind in WRITTEN_TYPES or (kind is None and name.lower() in MESSAGE_NAMES):
            found.written.extend(texts)
        elif kind is None:
            found.loose.extend(text for text in texts if text is not value or not is_lone_url(text))
    return found


def texts_in(values: Iterable[Any]) -> Iterator[str]:
    """Yield the texts in lists and objects, in order."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from texts_in(value)
        elif isinstance(value, dict):
            yield from texts_in(value.values())


def is_lone_url(text: str) -> bool:
    """Whether a text is a URL and nothing else."""
    return LONE_URL.fullmatch(trim(text)) is not None


def links_in(text: str) -> int:
    """Count the links in a text, with a scheme or beginning with www."""
    return text.count("://") + text.count("www.") - text.count("://www.")


def is_prose(text: str) -> bool:
    """Whether a person wrote a text, and no page, to judge by the text alone."""
    return len(text) >= LONG_TEXT or "\n" in text or links_in(text) > 0
