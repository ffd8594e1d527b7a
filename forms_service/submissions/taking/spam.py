"""What speaks for spam (scaffold)."""

from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking.incoming import Incoming


def verdict(form: PublishedForm, incoming: Incoming) -> list[str]:
    """Reasons, none for the inbox."""
    return ["honeypot"] if incoming.honeypots else []
