"""Parses MAIL_FROM, and derives it from PUBLIC_URL."""

from email.utils import getaddresses, parseaddr
from urllib.parse import urlsplit

from marshmallow import ValidationError

from forms_service.config import parsers as of


def mailbox(raw: str) -> str:
    """Parse a sender, optionally with a name."""
    _, address = parseaddr(of.text(raw))
    local_part, _, domain = address.rpartition("@")
    is_one = len(getaddresses([raw])) == 1 and address.isascii() and all(local_part.split("."))
    is_host = all(of.HOST_LABEL.fullmatch(label) for label in domain.split("."))
    if not (is_one and is_host) or set(address) & set(' "<>(),:;[]\\'):
        raise ValidationError("Must be an e-mail address such as forms@example.com, or Forms <forms@example.com>.")
    return of.text(raw)


def default_mail_from(url: str | None) -> str:
    """Return an address at the service's host."""
    host = (urlsplit(url or "").hostname or "").removesuffix(".")
    is_name = host.isascii() and "." in host and not host.rpartition(".")[2].isdigit()
    return f"forms@{host if is_name else 'localhost'}"
