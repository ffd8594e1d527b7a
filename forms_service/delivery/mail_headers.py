"""Header fields of a mail, encoded here and checked once more in the bytes that leave.

Assigning text to a header of `email` decodes the encoded words in it, so that a visitor who types some writes headers
of their own (CVE-2024-6923, mended in Python 3.12.5 and 3.11.10). A `Field` is taken by `email` as it is.
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
"""Characters of a line of a folded header (RFC 2047)."""

NEEDS_ENCODING = re.compile(r"=\?|[^ -~]")
"""What is not ASCII, and what a reader would take for an encoded word."""


class Field(str):
    """The body of a header field as it is sent; `email` writes down whatever has a name and a method `fold`."""

    name: str

    def __new__(cls, name: str, body: str) -> Self:
        """A field of that name."""
        field = super().__new__(cls, body)
        field.name = name
        return field

    def fold(self, *, policy: EmailPolicy) -> str:
        """The whole field, with its line end."""
        body = self.replace("\n", policy.linesep)
        return f"{self.name}: {body}{policy.linesep}"


def text_field(name: str, text: str) -> Field:
    """A field of free text, which reads as that text and nothing else."""
    return Field(name, _encode(name, text) if NEEDS_ENCODING.search(text) else text)


def address_field(name: str, address: Address) -> Field:
    """A field with one mailbox. An address that is not ASCII is written in UTF-8 (RFC 6532)."""
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

    :raises DeliveryError: when there are others
    """
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode(errors="replace") for line in lines if not line.startswith((b" ", b"\t"))]
    if names != message.keys() or any(b"\r" in line or b"\n" in line for line in lines):
        raise DeliveryError("The headers of this mail do not match those that the service wrote.", permanent=True)


def _encode(name: str, text: str) -> str:
    """The text as encoded words, on several lines if need be."""
    return Header(text, "utf-8", header_name=name, maxlinelen=MAX_LINE).encode()
