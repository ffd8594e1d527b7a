"""Header fields of a mail, encoded here and checked again in the final bytes.

Assigning text to a header of `email` decodes encoded words in it, which lets a visitor inject headers
(CVE-2024-6923, fixed in Python 3.12.5 and 3.11.10). `email` takes a `Field` as it is.
"""

import re
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import quote
from typing import Self

from forms_service.delivery.message import DeliveryError

MAX_LINE = 76
"""Characters per line of a folded header (RFC 2047)."""

NEEDS_ENCODING = re.compile(r"=\?|[^ -~]")
"""Text that is not ASCII or looks like an encoded word."""


class Field(str):
    """A header field's body, already encoded; `email` accepts any object with a name and `fold`."""

    name: str

    def __new__(cls, name: str, body: str) -> Self:
        field = super().__new__(cls, body)
        field.name = name
        return field

    def fold(self, *, policy: EmailPolicy) -> str:
        body = self.replace("\n", policy.linesep)
        return f"{self.name}: {body}{policy.linesep}"


def text_field(name: str, text: str) -> Field:
    """Encode a field of free text."""
    return Field(name, _encode(name, text) if NEEDS_ENCODING.search(text) else text)


def address_field(name: str, address: Address) -> Field:
    """Encode a field with one mailbox; a non-ASCII address is written in UTF-8 (RFC 6532)."""
    display_name = address.display_name
    if not display_name:
        return Field(name, address.addr_spec)
    if NEEDS_ENCODING.search(display_name):
        phrase = _encode(name, display_name)
    else:
        phrase = display_name if display_name.replace(" ", "").isalnum() else f'"{quote(display_name)}"'
    return Field(name, f"{phrase} <{address.addr_spec}>")


def check_headers(content: bytes, message: EmailMessage) -> None:
    """Compare the header fields of the flattened message with those that were set.

    :raises DeliveryError: when they differ
    """
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode(errors="replace") for line in lines if not line.startswith((b" ", b"\t"))]
    if names != message.keys() or any(b"\r" in line or b"\n" in line for line in lines):
        raise DeliveryError("The headers of this mail do not match those that the service wrote.", permanent=True)


def _encode(name: str, text: str) -> str:
    return Header(text, "utf-8", header_name=name, maxlinelen=MAX_LINE).encode()
