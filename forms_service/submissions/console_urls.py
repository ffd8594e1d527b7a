"""Addresses of the console in mails and webhooks; whoever opens one signs in first."""

import uuid
from datetime import datetime

from forms_service.config import settings


def submission_url(submission_id: uuid.UUID) -> str:
    """Return where a submission is read."""
    return f"{settings.public_url}/console/submissions/{submission_id}"


def file_url(submission_id: uuid.UUID, number: int) -> str:
    """Return where a file is downloaded."""
    return f"{submission_url(submission_id)}/files/{number}"


def notifications_url(form_id: str) -> str:
    """Return where a form's recipients and mails to people are set."""
    return f"{settings.public_url}/console/forms/{form_id}/notifications"


def webhook_url(form_id: str | None, webhook_id: uuid.UUID) -> str:
    """Return where a webhook is mended."""
    place = f"/forms/{form_id}" if form_id else ""
    return f"{settings.public_url}/console{place}/webhooks/{webhook_id}"


def inbox_url(form_id: str, since: datetime | None = None) -> str:
    """Return where a form's submissions are listed, from a time on."""
    query = f"?since={since:%Y-%m-%dT%H:%M:%SZ}" if since else ""
    return f"{settings.public_url}/console/forms/{form_id}{query}"
