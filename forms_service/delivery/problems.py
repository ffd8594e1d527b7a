"""The hint for owners while mails cannot be sent."""

from forms_service.config import settings
from forms_service.delivery import leases

STORED_HINT = "Submissions are stored: see the inbox."
NO_SERVER = f"Mails cannot be sent: the operator has not configured a mail server. {STORED_HINT}"
FAILING = f"The last mails could not be sent and will be retried. {STORED_HINT}"


def mail_problem() -> str | None:
    """Return why mails cannot be sent; ends the transaction."""
    if settings.production and not settings.smtp_server:
        return NO_SERVER
    return FAILING if leases.is_failing("mail") else None
