"""Use case of a submission: validate, check for spam, commit."""

import uuid
from contextlib import nullcontext
from typing import Any, NamedTuple

from marshmallow import ValidationError as SchemaError

from forms_service import signals
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import FieldError, ValidationError
from forms_service.forms import availability
from forms_service.forms.cache import PublishedForm
from forms_service.intake import in_flight, storing
from forms_service.intake.deduplication import identify
from forms_service.languages.sentences import N_
from forms_service.replies import opt_in
from forms_service.spam import captcha, checks
from forms_service.submissions.email_addresses import email_indexes
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.visitor_language import record_language
from forms_service.uploads import multipart_upload
from forms_service.validation.base import errors_by_path
from forms_service.validation.whitespace import is_blank
from forms_service.virus_scanner.clamd import INFECTED


class Client(NamedTuple):
    key: str
    """For rate limits and deduplication."""

    address: str
    stored_address: str | None
    """As much as the form stores."""


def accept_submission(
    form: PublishedForm, parsed: ParsedSubmission, client: Client, key: str | None = None
) -> uuid.UUID:
    """Return its id, or that of the one it repeats.

    :raises AuthorizationError: when the form is closed, full or not open yet
    :raises ConflictError: while its idempotency key is in flight
    :raises PayloadTooLargeError: for too many addresses
    """
    with in_flight.idempotency_lock(form.id, client.key, key) if key else nullcontext():
        ring = current_key_ring()
        new = identify(form, parsed, client.key, key, ring)
        uses_captcha = form.settings.challenge != "none"
        is_open = form.is_open or availability.is_within_grace(form, parsed.started)
        if uses_captcha or not is_open:  # a CAPTCHA token is valid once, so a retry must not need another
            stored_id = storing.find_stored(new)
            if stored_id:
                return stored_id
        if not is_open:
            raise availability.find_closure(form.in_language(parsed.language)).error()
        parsed.data = _validate(form, parsed)
        if form.settings.double_opt_in:
            opt_in.require_address(form, parsed)
        indexes = email_indexes(parsed.data, parsed.control, ring)
        record_language(form, parsed)
        unavailable = captcha.check_token(form, parsed) if uses_captcha else None
        reasons = [*filter(None, [unavailable]), *checks.find_spam_reasons(form, parsed, ring)]
        if any(upload.verdict and upload.verdict.status == INFECTED for upload in parsed.uploads):
            reasons.append(INFECTED)
        storing.add_rows(new, parsed, client=client.stored_address, reasons=reasons, email_indexes=indexes, ring=ring)
        if parsed.publish_files:
            parsed.publish_files()
        result = storing.store(new)
        if result.created:
            if parsed.keep_files:
                parsed.keep_files()
            signals.submission_created.send(submission_id=result.id, form_id=form.id)
        return result.id


def _validate(form: PublishedForm, parsed: ParsedSubmission) -> dict[str, Any]:
    faults = multipart_upload.check_files(form, parsed.uploads) if parsed.uploads or form.file_fields else {}
    try:
        data = form.schema.load(parsed.data)
    except SchemaError as error:
        raise ValidationError({**errors_by_path(error.messages), **faults}) from error
    if faults:
        raise ValidationError(faults)
    if not any(upload.size for upload in parsed.uploads) and all(map(_is_blank, data.values())):
        raise ValidationError({"body": [FieldError(N_("Fill in at least one field."), "empty")]})
    return data


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return is_blank(value)
    if isinstance(value, list | dict):
        return all(map(_is_blank, value if isinstance(value, list) else value.values()))
    return value is None
