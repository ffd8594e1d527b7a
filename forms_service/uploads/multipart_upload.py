"""Receives multipart submissions, streaming files to encrypted storage."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

from flask import g, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import RequestEntityTooLarge

from forms_service.config import settings
from forms_service.errors import ApiError, FieldError, PayloadTooLargeError, ServiceUnavailableError
from forms_service.form_schema.field_names import truncate_name
from forms_service.forms.cache import PublishedForm
from forms_service.languages.formats import Formatted, Size
from forms_service.languages.sentences import N_, Plural, Sentence
from forms_service.uploads import disk_space, storage
from forms_service.uploads.acceptance import is_accepted
from forms_service.uploads.uploaded_file import FileInProgress, Upload
from forms_service.validation.base import UNKNOWN_FIELD
from forms_service.validation.text import normalize_unicode, storable_text
from forms_service.web.bodies import boundary, declared_charset, iter_body
from forms_service.web.charsets import decode, find_encoding
from forms_service.web.form_data import decode_fields, named_encoding
from forms_service.web.multipart import End, Event, TextParts, read_parts
from forms_service.web.part_headers import Part
from forms_service.web.responses import wants_page

STORAGE_FULL = N_("The file storage of this form is full. Submit the form without the file, and tell its owner.")

TOO_MANY_FILES = Plural("Send at most {count} file.", "Send at most {count} files.")

BLOB_NAME = b"blob"
"""Of a script's `Blob`."""


class Allowance(Protocol):
    def covers(self, size: int) -> bool: ...

    def spend(self, size: int) -> None: ...


class MultipartUpload:
    """Decodes at the end: `_charset_` may come last."""

    def __init__(self, form: PublishedForm, allowance: Allowance) -> None:
        self.texts: list[tuple[str, str]] = []
        self.file_fields: list[str] = []

        self.uploads: tuple[Upload, ...] = ()
        self._form = form
        self._part = Part()
        self._field = ""
        self._text_parts = TextParts()
        self._text_bytes = 0
        self.fields = self._text_parts.fields
        """Undecoded texts."""

        self._file: FileInProgress | None = None
        self._files: list[FileInProgress] = []
        self._stored_files: list[storage.EncryptedFile] = []
        self._published: list[str] = []
        self._file_count = 0
        self._file_bytes = 0
        self._stored_bytes = 0
        self._allowance = allowance

    def publish(self) -> None:
        """Store the files durably, before the commit.

        :raises FileStoreError: if the store fails
        """
        names = [upload.stored_as for upload in self.uploads if upload.stored_as]
        self._published = names
        storage.publish(names)

    def keep(self) -> None:
        """Keep files whose rows are, or may be, committed."""
        if self._stored_files:
            self._allowance.spend(self._stored_bytes)
        self._stored_files.clear()
        self._published = []

    def feed(self, event: Event) -> None:
        if isinstance(event, Part):
            self._start_part(event)
        elif isinstance(event, bytes) and self._part.filename is None:
            self._count_text(len(event))
        if self._text_parts.feed(event):
            return
        if isinstance(event, bytes):
            self._append_bytes(event)
        elif isinstance(event, End) and self._file:
            self._file.finish()
            self._files.append(self._file)

    def finish(self, charset: str | None) -> None:
        self.texts = list(decode_fields(self.fields, charset))
        encoding = named_encoding(self.fields) or find_encoding(charset)
        self.uploads = tuple(file.to_upload(encoding) for file in self._files if not file.dropped)

    def keep_partial_text(self) -> None:
        self._text_parts.keep_partial()

    def remove(self) -> None:
        if self._file:
            self._file.close()
        for file in self._stored_files:
            file.remove()
        if self._published:
            storage.remove(self._published)

    def _start_part(self, part: Part) -> None:
        self._part, self._file = part, None
        self._count_text(len(part.name))
        if part.filename is not None:
            name = decode(part.name, named_encoding(self.fields) or find_encoding(declared_charset()))
            self._field = self._form.names.defined_name(truncate_name(normalize_unicode(storable_text(name))))
            if part.filename == BLOB_NAME and self._form.types.get(self._field, "file") != "file":
                part.filename = None  # text that a script sent as a Blob
        if part.filename:
            self._start_file()

    def _count_text(self, size: int) -> None:
        self._text_bytes += size
        if self._text_bytes > settings.max_content_length:
            raise PayloadTooLargeError

    def _append_bytes(self, data: bytes) -> None:
        if self._file is None:
            self._start_file()  # a file without a name
        file = cast("FileInProgress", self._file)
        self._file_bytes += len(data)
        if self._file_bytes > settings.max_upload_size or file.size + len(data) > settings.max_file_size:
            raise files_too_big_error()
        if file.is_stored:
            self._stored_bytes += len(data)
            if not self._allowance.covers(self._stored_bytes):
                file.discard()
        file.write(data)

    def _start_file(self) -> None:
        self._file_count += 1
        self.file_fields.append(self._field)
        if self._file_count > settings.max_files:
            raise PayloadTooLargeError(
                Sentence(TOO_MANY_FILES, count=settings.max_files), details={"reason": "TOO_MANY_FILES"}
            )
        disk_space.require_free_space()
        storage.require_available()
        disposition = _disposition(self._form, self._field)
        if disposition != "kept" and not self._part.name:
            disposition = "dropped"  # a nameless part must not refuse the rest
        stored_file = storage.EncryptedFile() if disposition == "kept" else None
        self._stored_files += [stored_file] if stored_file else []
        self._file = FileInProgress(
            self._field, self._part.filename or b"", stored_file, dropped=disposition == "dropped"
        )


@contextmanager
def receive_upload(form: PublishedForm, allowance: Allowance) -> Iterator[MultipartUpload]:
    """Read the body; files are removed after the block unless kept.

    Call `keep()` right after the commit: a failed commit may leave rows, and a sweep deletes orphans.

    :raises PayloadTooLargeError: with a `reason` if files are the cause
    """
    body = MultipartUpload(form, allowance)
    g.arrived, g.sent_files = body.fields, body.file_fields  # for the page that redisplays them
    try:
        try:
            _read(body)
        except ApiError:
            body.keep_partial_text()
            raise
        yield body
    except DBAPIError:
        body.keep()
        raise
    finally:
        body.remove()


def check_files(form: PublishedForm, uploads: Sequence[Upload]) -> dict[str, list[FieldError]]:
    faults: dict[str, list[FieldError]] = {}
    for field in form.fields:
        if field["type"] != "file":
            continue
        files = [upload for upload in uploads if upload.field == field["name"]]
        if field.get("required") and not any(upload.size for upload in files):
            faults[field["name"]] = [FieldError(N_("Choose a file."), "required")]
        for upload in files:
            faults.setdefault(upload.field, []).extend(_check_file(upload, field))
    for upload in uploads:
        disposition = _disposition(form, upload.field)
        if disposition == "refused":
            faults.setdefault(upload.field, []).append(FieldError(N_("This field does not accept files."), "no_files"))
        elif disposition == "unknown":
            faults.setdefault(upload.field, []).append(UNKNOWN_FIELD)
        elif upload.is_full:
            faults.setdefault(upload.field, []).append(FieldError(STORAGE_FULL, "storage_full"))
    return {name: errors for name, errors in faults.items() if errors}


def build_file_rows(submission_id: uuid.UUID, uploads: Sequence[Upload]) -> list[dict[str, Any]]:
    """Return columns of `File`, numbered from 1."""
    return [
        {
            "submission_id": submission_id,
            "number": number,
            "field": upload.field,
            "name": upload.name,
            "content_type": upload.content_type,
            "size": upload.size,
            "stored_as": upload.stored_as,
            "key": upload.key,
            "scan": upload.verdict.status if upload.verdict else None,
            "threat": upload.verdict.threat if upload.verdict else None,
        }
        for number, upload in enumerate(uploads, start=1)
    ]


def files_too_big_error() -> PayloadTooLargeError:
    limits = {"limit": settings.max_file_size, "total": settings.max_upload_size}
    sizes = {name: Formatted(Size(limit)) for name, limit in limits.items()}
    message = Sentence(N_("Files can have at most {limit} each and {total} in total."), **sizes)
    return PayloadTooLargeError(message, details={"reason": "FILES_TOO_BIG"})


def _read(body: MultipartUpload) -> None:
    refusal: ApiError | None = None
    request.max_content_length = settings.max_upload_size + settings.max_content_length
    in_file = False
    for event in read_parts(_iter_body(), boundary(), guess_boundary=True):
        in_file = event.filename is not None if isinstance(event, Part) else in_file
        if refusal and in_file:
            continue
        try:
            body.feed(event)
        except (PayloadTooLargeError, ServiceUnavailableError) as error:
            # a browser's texts are still read, to redisplay them
            if refusal or not (in_file and wants_page()):
                raise
            refusal, g.too_large = error, body.file_fields[-1]
    if refusal:
        raise refusal
    body.finish(declared_charset())


def _iter_body() -> Iterator[bytes]:
    try:
        yield from iter_body()
    except RequestEntityTooLarge as error:  # raised before reading if Content-Length is too large
        raise files_too_big_error() from error


def _check_file(upload: Upload, field: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    accept = field.get("accept") or ""
    if not is_accepted(upload.file_type, upload.name, accept if isinstance(accept, str) else ",".join(accept)):
        errors.append(FieldError(N_("This type of file is not accepted here."), "file_type"))
    if field.get("max_size") and upload.size > field["max_size"]:
        limit = Formatted(Size(field["max_size"]))
        errors.append(FieldError(N_("The file can have at most {limit}."), "file_too_big", limit=limit))
    return errors


def _disposition(form: PublishedForm, name: str) -> str:
    types = form.types
    if not types or types.get(name) == "file":
        return "kept"
    if name in types or "file" not in types.values():
        return "refused"
    return {"keep": "kept", "drop": "dropped"}.get(form.settings.unknown_fields, "unknown")
