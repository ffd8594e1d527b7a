"""CAPTCHAs (scaffold)."""

from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking.incoming import Incoming


def check(form: PublishedForm, incoming: Incoming) -> str | None:
    """A reason for spam, or None."""
    return None
