"""The use case that the service is for: take a submission, and say thank you once it is committed."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from marshmallow import ValidationError as SchemaError

from forms_service import signals
from forms_service.database.types import new_id, now
from forms_service.errors import AuthorizationError, FieldError, ValidationError
from forms_service.form_schema.field_types import is_filled
from forms_service.forms.cache import FORM_CLOSED, PublishedForm
from forms_service.intake.deduplication import INACTIVE, DuplicateKey, NewSubmission, hash_content, hash_key
from forms_service.intake.storing import FILES, PEOPLE, SUBMISSIONS, earlier, store
from forms_service.spam import captcha, checks
from forms_service.submissions import notification
from forms_service.submissions.email_addresses import email_indexes
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.serialization import to_json
from forms_service.uploads import multipart_upload
from forms_service.validation.base import errors_by_path


class Client(NamedTuple):
    """From where a submission comes: what tells clients apart, and what is kept of the address."""

    key: str
    kept: str | None


def accept_submission(
    form: PublishedForm, parsed: ParsedSubmission, client: Client, key: str | None = None
) -> uuid.UUID:
    """Check, judge and commit a submission; the id under which it is kept, which for a repeat is the first one's.

    :raises AuthorizationError: when the form is closed or full
    :raises PayloadTooLargeError: for too many addresses
    :raises ValidationError: for what its owner did not ask for, an empty one, a bad CAPTCHA, a key used before
    """
    content_hash, fingerprint = hash_content(form, parsed, client.key)
    keys = hash_key(client.key, key, content_hash) if key else None
    mark = DuplicateKey(form, content_hash, fingerprint, keys)
    if not form.open or form.settings.challenge != "none":  # a CAPTCHA's token is good for one time
        repeated = earlier(mark)
        if repeated:
            return repeated
    if not form.open:
        raise AuthorizationError(FORM_CLOSED, details={"reason": INACTIVE})
    parsed.data = _validate(form, parsed)
    people = email_indexes(parsed.data, parsed.control)
    reasons = _find_spam_reasons(form, parsed)
    stored = store(_prepare(mark, parsed, reasons, client.kept, people=people))
    if stored.created:
        parsed.keep_files()
        signals.submission_created.send(submission_id=stored.id, form_id=form.id)
    return stored.id


def _validate(form: PublishedForm, parsed: ParsedSubmission) -> dict[str, Any]:
    faults = multipart_upload.check_files(form, parsed.uploads)
    try:
        data = form.schema.load(parsed.data)
    except SchemaError as error:
        raise ValidationError({**errors_by_path(error.messages), **faults}) from error
    if faults:
        raise ValidationError(faults)
    if not any(upload.size for upload in parsed.uploads) and all(map(_is_blank, data.values())):
        raise ValidationError({"body": [FieldError("Fill in at least one field.", "empty")]})
    return data


def _is_blank(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(_is_blank, value if isinstance(value, list) else value.values()))
    return not is_filled(value)


def _find_spam_reasons(form: PublishedForm, parsed: ParsedSubmission) -> Sequence[str]:
    """Why it is spam, or for lack of a CAPTCHA's provider might be."""
    unavailable = captcha.check_token(form, parsed)
    return [*([unavailable] if unavailable else []), *checks.find_spam_reasons(form, parsed)]


def _prepare(
    mark: DuplicateKey,
    parsed: ParsedSubmission,
    reasons: Sequence[str],
    client: str | None,
    *,
    people: Collection[bytes],
) -> NewSubmission:
    form, identity = mark.form, new_id()
    row = SUBMISSIONS.prepare(
        id=identity,
        form_id=form.id,
        form_version=form.version,
        status="spam" if reasons else "inbox",
        read=False,
        data=to_json(parsed.data),
        control=to_json(parsed.control) if parsed.control else None,
        spam_reasons=" ".join(reasons),
        client=client,
        content_hash=mark.content_hash,
        fingerprint=mark.fingerprint,
        created_at=now(),
    )
    return NewSubmission(
        mark,
        identity,
        spam=bool(reasons),
        submission=row,
        files=[FILES.prepare(**row) for row in multipart_upload.file_rows(identity, parsed.uploads)],
        people=[PEOPLE.prepare(email_index=index, submission_id=identity) for index in people],
        messages=[] if reasons else notification.mail_rows(form, identity),
    )
