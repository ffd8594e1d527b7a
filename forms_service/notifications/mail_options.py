"""A recipient's choices about the mails they get."""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class MailOptions:
    """How a notification is written."""

    content: str = "full"
    """`full`, `summary` (values cut to one line each) or `none` (only that something came)."""

    files: str = "link"
    """`link`, `attach` or `none`."""

    timezone: str = "UTC"
    """IANA name."""

    unsubscribe_url: str | None = None


def options_of(target_id: uuid.UUID | None) -> MailOptions | None:
    """Return a recipient's options; None if they must get no mail."""
    return MailOptions()
