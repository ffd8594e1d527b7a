"""The hint for owners while mails cannot be sent."""

from forms_service.config import settings
from forms_service.delivery import leases

STORED_HINT = "Submissions are stored: see the inbox."
NO_SERVER = f"Mails cannot be sent: the operator has not configured a mail server. {STORED_HINT}"
FAILING = f"The last mails could not be sent and will be retried. {STORED_HINT}"


SUPPRESSED = (
    "Mails to your address are not sent ({reason}). Correct it in your account, or ask the operator to send mail to it "
    "again."
)
REASONS = {
    "bounce": "its mailbox refused one",
    "complaint": "one was reported as spam",
    "unsubscribe": "you have stopped the mails of all forms",
    "operator": "the operator has stopped them",
}


def suppression_problem(reason: str) -> str:
    """Return what to tell the owner of a suppressed address."""
    return f"{SUPPRESSED.format(reason=REASONS[reason])} {STORED_HINT}"


def mail_problem() -> str | None:
    """Return why mails cannot be sent; ends the transaction."""
    if settings.production and not settings.smtp_server:
        return NO_SERVER
    return FAILING if leases.is_failing("mail") else None
