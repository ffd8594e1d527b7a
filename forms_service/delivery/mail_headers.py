"""Mail headers, safe from header injection (CVE-2024-6923).

`email` decodes encoded words in assigned text, but takes a `Field` as it is.
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
"""Characters per folded line (RFC 2047)."""

NEEDS_ENCODING = re.compile(r"=\?|[^ -~]")
"""Not ASCII, or like an encoded word."""


class Field(str):
    """An encoded header; `email` accepts any object with `name` and `fold`."""

    name: str

    def __new__(cls, name: str, body: str) -> Self:
        field = super().__new__(cls, body)
        field.name = name
        return field

    def fold(self, *, policy: EmailPolicy) -> str:
        body = self.replace("\n", policy.linesep)
        return f"{self.name}: {body}{policy.linesep}"


def text_field(name: str, text: str) -> Field:
    """Encode free text."""
    return Field(name, _encode(name, text) if NEEDS_ENCODING.search(text) else text)


def address_field(name: str, address: Address) -> Field:
    """Encode one mailbox, a non-ASCII address in UTF-8 (RFC 6532)."""
    display_name = address.display_name
    if not display_name:
        return Field(name, address.addr_spec)
    if NEEDS_ENCODING.search(display_name):
        phrase = _encode(name, display_name)
    else:
        phrase = display_name if display_name.replace(" ", "").isalnum() else f'"{quote(display_name)}"'
    return Field(name, f"{phrase} <{address.addr_spec}>")


def check_headers(content: bytes, message: EmailMessage) -> None:
    """Compare flattened headers with those set.

    :raises DeliveryError: when they differ
    """
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode(errors="replace") for line in lines if not line.startswith((b" ", b"\t"))]
    if names != message.keys() or any(b"\r" in line or b"\n" in line for line in lines):
        raise DeliveryError("The headers of this mail do not match those that the service wrote.", permanent=True)


def _encode(name: str, text: str) -> str:
    return Header(text, "utf-8", header_name=name, maxlinelen=MAX_LINE).encode()
