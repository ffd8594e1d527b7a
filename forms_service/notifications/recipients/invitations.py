"""The mail that asks an address whether it wants a form's submissions."""

from forms_service.delivery import outbox, suppressions
from forms_service.delivery.mail_rendering import LANGUAGE, UNSUBSCRIBE
from forms_service.form_schema.languages import load_languages
from forms_service.forms.mail_names import form_name
from forms_service.languages.formats import ENGLISH
from forms_service.notifications.recipients import links
from forms_service.notifications.recipients.queries import AddressedRecipient

KIND = "recipient_confirm"
MAX_PER_HOUR = 3
"""To one address, from all forms."""


def send(row: AddressedRecipient) -> None:
    """Queue it, in the caller's transaction; not to a suppressed address, nor beyond MAX_PER_HOUR."""
    if suppressions.find_many([row.blind_index]):
        return
    identity = row.recipient.id
    languages = load_languages(row.form.parsed_settings().get("languages") or {})
    values = {
        LANGUAGE: languages.default or ENGLISH,
        "form": form_name(row.form.name),
        "owner": row.owner.email,
        "link": links.make_url(links.CONFIRM, row.blind_index, identity),
        UNSUBSCRIBE: links.make_url(links.UNSUBSCRIBE, row.blind_index, identity),
    }
    outbox.enqueue_mail(KIND, row.address, values, about=identity, max_per_hour=MAX_PER_HOUR)
