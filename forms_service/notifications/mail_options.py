"""A recipient's choices about the mails they get."""

import uuid
from dataclasses import dataclass

from forms_service.notifications.recipients import links, queries


@dataclass(frozen=True)
class MailOptions:
    """Options of a notification."""

    content: str = "full"
    """`full`, `summary` (values cut to one line each) or `none` (only that something came)."""

    files: str = "link"
    """`link`, `attach` or `none`."""

    timezone: str = "UTC"
    """IANA name."""

    unsubscribe_url: str | None = None
    may_open: bool = True
    """Only the owner and the members of the form can open the links to the inbox."""


def options_of(target_id: uuid.UUID | None) -> MailOptions:
    """Return a recipient's options, the defaults without a recipient.

    :raises SuppressedError: if removed, unsubscribed or not confirmed meanwhile
    """
    if target_id is None:
        return MailOptions()  # queued before there were recipients
    row = queries.find_active(target_id)
    recipient = row.recipient
    url = links.make_url(links.UNSUBSCRIBE, row.blind_index, recipient.id)
    return MailOptions(recipient.content, recipient.files, recipient.timezone, url, queries.may_open(row))
