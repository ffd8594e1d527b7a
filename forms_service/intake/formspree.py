"""What is wrong, in the words of Formspree: its clients show errors beside the fields by them."""

from forms_service.errors import ApiError, NotFoundError, ValidationError

HEADER = "Formspree-Client"

FIELD_CODES = {
    "required": "REQUIRED_FIELD_MISSING",
    "blank": "REQUIRED_FIELD_EMPTY",
    "invalid_email": "TYPE_EMAIL",
    "invalid_number": "TYPE_NUMERIC",
    "invalid_text": "TYPE_TEXT",
}
"""Our codes of a field's faults that Formspree has a word for."""

FORM_CODES = {"empty": "EMPTY", "no_files": "NO_FILE_UPLOADS"}
"""Our codes of faults that are the whole form's there."""

REASONS = ("INACTIVE", "BLOCKED", "FILES_TOO_BIG", "TOO_MANY_FILES", "NO_FILE_UPLOADS")
"""The reasons in `details` that are Formspree's words already."""


def errors_of(error: ApiError) -> list[dict[str, str]]:
    """Code, field and message of each thing wrong; the code is left out where there is none for it."""
    if isinstance(error, ValidationError):
        return [_fault(path, fault.code, str(fault)) for path, faults in error.faults.items() for fault in faults]
    reason = "FORM_NOT_FOUND" if isinstance(error, NotFoundError) else error.details.get("reason")
    code = {"code": reason} if reason == "FORM_NOT_FOUND" or reason in REASONS else {}
    return [{**code, "message": error.message}]


def _fault(path: str, code: str, message: str) -> dict[str, str]:
    if code in FORM_CODES:
        return {"code": FORM_CODES[code], "message": message}
    known = {"code": FIELD_CODES[code]} if code in FIELD_CODES else {}
    return {**known, "field": path, "message": message}
