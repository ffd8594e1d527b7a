"""Serializes submissions as the API returns them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from forms_service.encryption.associated_data import unreadable_flag
from forms_service.validation.references import reference_of

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact; `json.dumps` builds an encoder on each call."""


def as_dict(submission: Any, files: Sequence[Any] = (), opt_in: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the API's representation of a `Submission` or `SubmissionRow`."""
    return {
        "id": str(submission.id),
        "reference": reference_of(submission.id),
        "form_id": submission.form_id,
        "form_version": submission.form_version,
        "created_at": submission.created_at.isoformat(),
        "status": submission.status,
        "read": submission.read,
        "data": json.loads(submission.data),
        "files": [file_as_dict(file) for file in files],
        "spam_reasons": submission.spam_reasons.split(),
        "control": json.loads(submission.control) if submission.control else {},
        **({"client": submission.client} if submission.client else {}),
        **({"opt_in": opt_in} if opt_in else {}),
        **unreadable_flag(submission.data, submission.control, submission.client),
    }


def file_as_dict(file: Any) -> dict[str, Any]:
    """Return the API's representation of a file, without its bytes."""
    return {
        "number": file.number,
        "field": file.field,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "scan": file.scan,
        "threat": file.threat,
        **unreadable_flag(file.field, file.name),
    }
