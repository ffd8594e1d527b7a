"""Files that come with a submission: taken in while they arrive, within the limits, and away again if it is refused."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

from flask import g, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import RequestEntityTooLarge

from forms_service.config import settings
from forms_service.errors import ApiError, FieldError, PayloadTooLargeError
from forms_service.form_schema.field_names import truncate_name
from forms_service.forms.cache import PublishedForm
from forms_service.forms.controls import format_size
from forms_service.uploads import disk_space, storage
from forms_service.uploads.acceptance import is_accepted
from forms_service.uploads.uploaded_file import FileInProgress, Upload
from forms_service.validation.base import UNKNOWN_FIELD
from forms_service.validation.text import normalize_unicode, storable_text
from forms_service.web.bodies import boundary, declared_charset, iter_body
from forms_service.web.charsets import decode, find_encoding
from forms_service.web.form_data import RawField, decode_fields, named_encoding
from forms_service.web.multipart import Event, read_parts
from forms_service.web.part_headers import Part
from forms_service.web.responses import wants_page

STORAGE_FULL = "The file storage of this form is full. Submit the form without the file, and tell its owner."

BLOB_NAME = b"blob"
"""The name that browsers give to what a script made, and no person chose."""


class Allowance(Protocol):
    """The bytes that one submission may bring."""

    def covers(self, size: int) -> bool:
        """Whether there is room for so many bytes."""

    def spend(self, size: int) -> None:
        """Count what was stored."""


class MultipartUpload:
    """A multipart body as it was read: texts in their order, and files.

    What the bytes of names and texts mean is known at its end: the field `_charset_` may be the last one.
    """

    def __init__(self, form: PublishedForm, allowance: Allowance) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.file_fields: list[str] = []
        """The names of the fields that files came in."""

        self.uploads: tuple[Upload, ...] = ()
        self._form = form
        self._part = Part()
        self._field = ""
        self._content = bytearray()
        self._text_bytes = 0
        self.fields: list[RawField] = []
        """Texts as they were sent."""

        self._file: FileInProgress | None = None
        self._files: list[FileInProgress] = []
        self._stored: list[storage.EncryptedFile] = []
        self._file_count = 0
        self._bytes = 0
        self._allowance = allowance

    def keep(self) -> None:
        """Leave the files where they are: there are rows for them now, or there may be."""
        if self._stored:
            self._allowance.spend(self._bytes)
        self._stored.clear()

    def feed(self, event: Event) -> None:
        """The next piece of the body.

        :raises PayloadTooLargeError: for too much text, and for too many or too large files
        """
        if isinstance(event, bytes):
            (self._append_text if self._part.filename is None else self._append_bytes)(event)
        elif isinstance(event, Part):
            self._start_part(event)
        elif self._part.filename is None:
            self._finish_text()
        elif self._file:
            self._file.finish()
            self._files.append(self._file)

    def finish(self, charset: str | None) -> None:
        """Decode what was read, in the charset that the body declared if it names none itself."""
        self.pairs = list(decode_fields(self.fields, charset))
        encoding = named_encoding(self.fields) or find_encoding(charset)
        self.uploads = tuple(file.as_upload(encoding) for file in self._files if not file.dropped)

    def keep_partial_text(self) -> None:
        """Count the text that was coming in when the body was refused among those that arrived."""
        if self._content and self._part.filename is None:
            self._finish_text()

    def _finish_text(self) -> None:
        value = self._part.decode_text(bytes(self._content))
        self.fields.append(RawField(self._part.name, value, self._part.charset))
        self._content.clear()

    def remove(self) -> None:
        """Take away what was stored and not kept."""
        for written in self._stored:
            written.remove()

    def _start_part(self, part: Part) -> None:
        self._part, self._content, self._file = part, bytearray(), None
        self._count_text(len(part.name))
        if part.filename is not None:
            name = decode(part.name, named_encoding(self.fields) or find_encoding(declared_charset()))
            self._field = self._form.names.defined_name(truncate_name(normalize_unicode(storable_text(name))))
            if part.filename == BLOB_NAME and self._form.types.get(self._field, "file") != "file":
                part.filename = None  # a script's text
        if part.filename:
            self._start_file()

    def _append_text(self, data: bytes) -> None:
        self._count_text(len(data))
        self._content += data

    def _count_text(self, size: int) -> None:
        self._text_bytes += size
        if self._text_bytes > settings.max_content_length:
            raise PayloadTooLargeError

    def _append_bytes(self, data: bytes) -> None:
        if self._file is None:
            self._start_file()  # a name is not needed for a file to be one, bytes are
        arriving = cast("FileInProgress", self._file)
        self._bytes += len(data)
        if self._bytes > settings.max_upload_size or arriving.size + len(data) > settings.max_file_size:
            raise files_too_big_error()
        if arriving.is_stored and not self._allowance.covers(self._bytes):
            arriving.discard()
        arriving.write(data)

    def _start_file(self) -> None:
        self._file_count += 1
        self.file_fields.append(self._field)
        if self._file_count > settings.max_files:
            most = "1 file" if settings.max_files == 1 else f"{settings.max_files} files"
            raise PayloadTooLargeError(f"Send at most {most}.", details={"reason": "TOO_MANY_FILES"})
        disk_space.require_free_space()
        place = _disposition(self._form, self._field)
        if place != "kept" and not self._part.name:
            place = "dropped"  # a part without a name refuses nothing else
        written = storage.EncryptedFile() if place == "kept" else None
        self._stored += [written] if written else []
        self._file = FileInProgress(self._field, self._part.filename or b"", written, dropped=place == "dropped")


@contextmanager
def receive_upload(form: PublishedForm, allowance: Allowance) -> Iterator[MultipartUpload]:
    """The request's multipart body, read to its end; what was stored is removed at the end of the block unless kept.

    `keep()` belongs right after the commit. Where a commit breaks off, nobody knows whether the rows are there: the
    files stay then, and a sweep finds those without one.

    :raises BadRequestError: for a body that is broken anywhere
    :raises PayloadTooLargeError: while it comes in; with the `reason` TOO_MANY_FILES or FILES_TOO_BIG if it is files
    :raises ServiceUnavailableError: for a file, when the disk is nearly full
    """
    body = MultipartUpload(form, allowance)
    g.arrived, g.sent_files = body.fields, body.file_fields  # for the page that gives them back
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
    """What is wrong with the files, by field.

    The codes: `required`, `file_type`, `file_too_big`, `no_files`, `unknown`, `storage_full`.
    """
    found: dict[str, list[FieldError]] = {}
    for field in form.fields:
        if field["type"] != "file":
            continue
        sent = [upload for upload in uploads if upload.field == field["name"]]
        if field.get("required") and not any(upload.size for upload in sent):
            found[field["name"]] = [FieldError("Choose a file.", "required")]
        for upload in sent:
            found.setdefault(upload.field, []).extend(_check_file(upload, field))
    for upload in uploads:
        place = _disposition(form, upload.field)
        if place == "refused":
            found.setdefault(upload.field, []).append(FieldError("This field does not accept files.", "no_files"))
        elif place == "unknown":
            found.setdefault(upload.field, []).append(UNKNOWN_FIELD)
        elif upload.is_full:
            found.setdefault(upload.field, []).append(FieldError(STORAGE_FULL, "storage_full"))
    return {name: said for name, said in found.items() if said}


def file_rows(submission_id: uuid.UUID, uploads: Sequence[Upload]) -> list[dict[str, Any]]:
    """The columns of a `File` for each, numbered from 1, for the transaction that the submission is stored in."""
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
        }
        for number, upload in enumerate(uploads, start=1)
    ]


def files_too_big_error() -> PayloadTooLargeError:
    """The answer to too many bytes."""
    each, together = format_size(settings.max_file_size), format_size(settings.max_upload_size)
    message = f"Files can have at most {each} each and {together} in total."
    return PayloadTooLargeError(message, details={"reason": "FILES_TOO_BIG"})


def _read(body: MultipartUpload) -> None:
    """Read to the end; a browser's texts after a file that is too big are still read, to be given back."""
    refusal: PayloadTooLargeError | None = None
    request.max_content_length = settings.max_upload_size + settings.max_content_length
    in_file = False
    for event in read_parts(_iter_body(), boundary(), guess_boundary=True):
        in_file = event.filename is not None if isinstance(event, Part) else in_file
        if refusal and in_file:
            continue
        try:
            body.feed(event)
        except PayloadTooLargeError as error:
            if refusal or not (in_file and wants_page()):
                raise
            refusal, g.too_large = error, body.file_fields[-1]
    if refusal:
        raise refusal
    body.finish(declared_charset())
    if body.uploads:
        storage.fsync_directory()


def _iter_body() -> Iterator[bytes]:
    try:
        yield from iter_body()
    except RequestEntityTooLarge as error:  # which is known before the body, if its length was said
        raise files_too_big_error() from error


def _check_file(upload: Upload, field: Mapping[str, Any]) -> list[FieldError]:
    said = []
    accept = field.get("accept") or ""
    if not is_accepted(upload.file_type, upload.name, accept if isinstance(accept, str) else ",".join(accept)):
        said.append(FieldError("This type of file is not accepted here.", "file_type"))
    if field.get("max_size") and upload.size > field["max_size"]:
        said.append(FieldError(f"The file can have at most {format_size(field['max_size'])}.", "file_too_big"))
    return said


def _disposition(form: PublishedForm, name: str) -> str:
    """What becomes of a file in that field: `kept`, `dropped`, `refused` since it is no place for files, `unknown`."""
    types = form.types
    if not types or types.get(name) == "file":
        return "kept"
    if name in types or "file" not in types.values():
        return "refused"
    return {"keep": "kept", "drop": "dropped"}.get(form.settings.unknown_fields, "unknown")
