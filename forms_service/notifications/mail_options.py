"""A recipient's choices about the mails they get."""

import uuid
from dataclasses import dataclass

CONTENTS = ("full", "summary", "none")
"""`summary` cuts values to one line each, `none` only says that something came."""

FILES = ("link", "attach", "none")


@dataclass(frozen=True)
class MailOptions:
    """How a notification is written."""

    content: str = "full"
    files: str = "link"
    timezone: str = "UTC"
    """IANA name."""

    unsubscribe_url: str | None = None


def options_of(target_id: uuid.UUID | None) -> MailOptions | None:
    """Return a recipient's options; None if they must get no mail."""
    return MailOptions()
