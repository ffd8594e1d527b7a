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


def inbox_url(form_id: str, since: datetime | None = None) -> str:
    """Return where a form's submissions are listed, from a time on."""
    query = f"?since={since:%Y-%m-%dT%H:%M:%SZ}" if since else ""
    return f"{settings.public_url}/console/forms/{form_id}{query}"
