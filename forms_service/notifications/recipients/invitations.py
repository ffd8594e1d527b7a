"""The mail that asks an address whether it wants a form's submissions."""

from forms_service.delivery import outbox, suppressions
from forms_service.delivery.mail_rendering import UNSUBSCRIBE
from forms_service.notifications.recipients import links
from forms_service.notifications.recipients.queries import AddressedRecipient
from forms_service.validation.text import collapse_whitespace, strip_controls

KIND = "recipient_confirm"
MAX_PER_HOUR = 3
"""To one address, from all forms."""

MAX_NAME_LENGTH = 60
"""Of the form: strangers read it, so it holds no message."""


def send(row: AddressedRecipient) -> None:
    """Queue it, in the caller's transaction; not to a suppressed address, nor beyond MAX_PER_HOUR."""
    if suppressions.find_many([row.blind_index]):
        return
    identity = row.recipient.id
    values = {
        "form": form_name(row.form.name),
        "owner": row.owner.email,
        "link": links.make_url(links.CONFIRM, row.blind_index, identity),
        UNSUBSCRIBE: links.make_url(links.UNSUBSCRIBE, row.blind_index, identity),
    }
    outbox.enqueue_mail(KIND, row.address, values, about=identity, max_per_hour=MAX_PER_HOUR)


def form_name(name: str) -> str:
    """Return a form's name in one short line that no mail program turns into a link."""
    line = strip_controls(collapse_whitespace(name))[:MAX_NAME_LENGTH]
    return line.replace("://", ": //").replace(".", "\u2024") if _has_link(line) else line


def _has_link(line: str) -> bool:
    lowered = line.casefold()
    return "://" in lowered or "www." in lowered or any("." in word.strip(".") for word in lowered.split())
