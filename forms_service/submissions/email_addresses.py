"""E-mail addresses in a submission: blind index and Reply-To."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any
from urllib.parse import unquote

from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import PayloadTooLargeError
from forms_service.form_schema.special_fields import REPLY_TO
from forms_service.languages.sentences import N_, Sentence
from forms_service.security.key_ring import KeyRing
from forms_service.validation.fields import clean_address, email_key, is_email
from forms_service.validation.whitespace import trim

MAX_ADDRESSES = 500
"""Per submission; each becomes a row."""

BARE = re.compile(r"[^\s<>,;:@]++@[^\s<>,;:@]++")

_MAILBOX = r"""[\s,;]*+
    (?: (?: "(?:[^"\\]|\\.)*+" | [^<>@,;"\[]*+ ) \s*+
        [<\[] \s*+ (?:mailto:)? (?P<inner>[^\s<>,;@\[]++@[^\s<>,;@\]]++) \s*+ [>\]]
      | mailto: (?P<linked>[^\s<>,;@?]++@[^\s<>,;@?]++) (?:\?[^\s<>]*+)?
      | (?P<bare>[^\s<>,;@]++@[^\s<>,;@]++) )
    (?:\s*+\([^()@]*+\))? \.?
    (?:[\s,;/|]++|\Z)"""

MAILBOX = re.compile(_MAILBOX, re.VERBOSE | re.IGNORECASE | re.DOTALL)
"""`a@b.co`, `Ann <a@b.co>`, `mailto:a@b.co` or `a@b.co (Ann)`, alone or listed."""

LISTED = re.compile(f"(?:{_MAILBOX})++", re.VERBOSE | re.IGNORECASE | re.DOTALL)
"""Addresses and nothing else."""

ADDRESS_NAMES = frozenset(
    ("email", "mail", "emailaddress", "mailaddress", "youremail", "yourmail", "emailadresse", "mailadresse")
)
"""Field names, reduced to letters."""

NO_LETTERS = re.compile(r"[\W\d_]+")

EMAIL_CONTEXT = "submission_people.email"


def email_blind_index(email: str) -> bytes:
    """Return the blind index, equal for every spelling of an address.

    :raises ValueError: when invalid
    """
    return current_key_ring().index(email_key(email), EMAIL_CONTEXT)


def find_addresses(text: str) -> Iterator[str]:
    """Yield addresses of a value that only lists some."""
    if "@" not in text:
        return
    if text.isascii() and BARE.fullmatch(text):
        yield text.rstrip(".")  # as nearly all are: 0.5 µs instead of 4
        return
    text = trim(text)
    if BARE.fullmatch(text):
        yield text.rstrip(".")
    elif LISTED.fullmatch(text):
        for part in MAILBOX.finditer(text):
            linked = part["linked"]
            yield (unquote(linked) if linked else part["inner"] or part["bare"]).rstrip(".")


def email_indexes(data: Mapping[str, Any], control: Mapping[str, str], ring: KeyRing) -> set[bytes]:
    """Return the blind indexes of all addresses.

    :raises PayloadTooLargeError: for more than MAX_ADDRESSES
    """
    texts = _texts([*data.values(), *control.values()])
    addresses = list(islice(chain.from_iterable(map(find_addresses, texts)), MAX_ADDRESSES + 1))
    if len(addresses) > MAX_ADDRESSES:
        raise PayloadTooLargeError(
            Sentence(N_("Too many e-mail addresses. Send at most {limit}."), limit=MAX_ADDRESSES)
        )
    indexes: set[bytes] = set()
    for address in addresses:
        with suppress(ValueError):  # not an e-mail address after all
            indexes.add(ring.index(email_key(address), EMAIL_CONTEXT))
    return indexes


def reply_to(fields: Sequence[Mapping[str, Any]], data: Mapping[str, Any], control: Mapping[str, str]) -> str | None:
    """Return the first address in reply-to, then e-mail fields.

    Without defined fields, names like `email` come first: other values may be the page's own.
    """
    email_fields = {field["name"] for field in fields if field["type"] == "email"}
    likely_values = [
        value for name, value in data.items() if name in email_fields or (not fields and is_address_field(name))
    ]
    texts = _texts(
        [*(control[name] for name in REPLY_TO if name in control), *likely_values, *(() if fields else data.values())]
    )
    addresses = (clean_address(address) for text in texts for address in find_addresses(text))
    return next(filter(is_email, islice(addresses, MAX_ADDRESSES)), None)


def is_address_field(name: str) -> bool:
    """Whether a field's name suggests the sender's own address."""
    return NO_LETTERS.sub("", name).lower() in ADDRESS_NAMES


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            if isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
