"""Addresses that no mail is sent to without a request of a person (RFC 3834, section 2)."""

import re

from forms_service.delivery.mail_rendering import sender_address
from forms_service.validation.fields import email_key

ROLES = frozenset(
    (
        *("abuse", "autoreply", "autoresponder", "daemon", "donotreply", "listserv", "mailer", "mailerdaemon"),
        *("majordomo", "nobody", "noreply", "postmaster", "root", "uucp"),
    )
)
"""Local parts, reduced to letters."""

NO_LETTERS = re.compile(r"[\W\d_]+")

PREFIXES = (
    "bounce",
    "owner-",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "mailer-daemon",
    "prvs=",
    "srs0",
    "srs1",
)
SUFFIXES = (
    *("-request", "-owner", "-bounce", "-bounces", "-relay", "-subscribe", "-unsubscribe"),
    *("-noreply", "-no-reply", "_noreply", ".noreply"),
)

WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains whose local parts ignore dots."""


def is_excluded(address: str) -> bool:
    """Whether nobody reads what is sent there, or a program answers it."""
    mailbox = mailbox_key(address)
    local_part = mailbox.rpartition("@")[0]
    return (
        NO_LETTERS.sub("", local_part) in ROLES
        or local_part.startswith(PREFIXES)
        or local_part.endswith(SUFFIXES)
        or mailbox == mailbox_key(sender_address().addr_spec)
    )


def mailbox_key(address: str) -> str:
    """Return the mailbox without its `+tag`, and in Gmail without dots: one person has any number of those."""
    local_part, _, domain = _key(address).rpartition("@")
    local_part = local_part.partition("+")[0] or local_part
    if domain in WITHOUT_DOTS:
        local_part, domain = local_part.replace(".", ""), WITHOUT_DOTS[domain]
    return f"{local_part}@{domain}"


def _key(address: str) -> str:
    try:
        return email_key(address)
    except ValueError:  # MAIL_FROM may be at localhost
        return address.lower()
