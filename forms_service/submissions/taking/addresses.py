"""The e-mail addresses in a submission: whose it is, and where an answer goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms_service.errors import PayloadTooLargeError
from forms_service.submissions.people import person_index
from forms_service.validation.fields import EMAIL_LONGEST, is_email
from forms_service.validation.special import REPLY_TO

MOST_ADDRESSES = 500
"""Addresses of one submission; each is a row by which it is found."""

LISTED = re.compile(r"[\s,;]*+(?:[^\s,;@]++@[^\s,;@]++(?:[\s,;]++|\Z))++")
"""What reads like an address, or several by commas, and is nothing else: running text is not looked at."""

PART = re.compile(r"[^\s,;]+")


def indexes_in(data: Mapping[str, Any], control: Mapping[str, str]) -> set[bytes]:
    """By what a submission is found: the index of every address that is a value, or a part of a value that lists some.

    :raises PayloadTooLargeError: for more than MOST_ADDRESSES of them
    """
    said: set[str] = set()
    for text in _texts([*data.values(), *control.values()]):
        if "@" in text and LISTED.fullmatch(text):
            said.update(PART.findall(text))
            if len(said) > MOST_ADDRESSES:
                raise PayloadTooLargeError(f"Send at most {MOST_ADDRESSES} e-mail addresses at once.")
    return {person_index(address) for address in said if is_email(address)}


def reply_to(fields: Sequence[Mapping[str, Any]], data: Mapping[str, Any], control: Mapping[str, str]) -> str | None:
    """Where an answer goes: to the first address in the mail fields, else in the form's e-mail fields.

    In a form that defines no fields any value may be one.
    """
    asked = {field["name"] for field in fields if field["type"] == "email"}
    said = [control[name] for name in REPLY_TO if name in control]
    texts = _texts([*said, *(value for name, value in data.items() if name in asked or not fields)])
    found = (text.strip() for text in texts if "@" in text and len(text) <= EMAIL_LONGEST)
    return next((text for text in found if is_email(text)), None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)
