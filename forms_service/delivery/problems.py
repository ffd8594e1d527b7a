"""What owners are told when mails do not leave."""

from forms_service.config import settings
from forms_service.delivery import leases

KEPT = "Submissions are stored: see the inbox."
NO_SERVER = f"Mails cannot be sent: the operator has not configured a mail server. {KEPT}"
FAILING = f"The last mails could not be sent and will be retried. {KEPT}"


def mail_problem() -> str | None:
    """What is wrong with sending mails, None while nothing is; ends the session's transaction."""
    if settings.production and not settings.smtp_server:
        return NO_SERVER
    return FAILING if leases.keeps_failing("mail") else None
