"""Addresses in mails; the only place that knows where a submission is read."""

import uuid

from forms_service.config import settings


def submission_url(submission_id: uuid.UUID) -> str:
    """Return where a submission is read."""
    return f"{settings.public_url}/api/submissions/{submission_id}"


def file_url(submission_id: uuid.UUID, number: int) -> str:
    """Return where a file is downloaded."""
    return f"{submission_url(submission_id)}/files/{number}"
