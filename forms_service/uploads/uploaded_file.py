"""A file of a submission: while it arrives, and when it is there."""

import hashlib
from dataclasses import dataclass
from dataclasses import field as described

from forms_service.uploads import filenames, storage
from forms_service.uploads.content_types import HEAD_BYTES, FileType, detect_type
from forms_service.web.charsets import decode


@dataclass(frozen=True)
class Upload:
    """A file that came. One that the form has no place for was not stored, and `faults` says so."""

    field: str
    name: str
    content_type: str
    """What its content says, or a type that no browser runs."""

    size: int
    stored_as: str
    key: str = described(default="", repr=False)
    digest: bytes = b""
    """SHA-256 of its content."""

    file_type: FileType = described(default=FileType(""), repr=False)
    is_full: bool = False
    """Whether it was not stored because the form's or its owner's quota of bytes is used up."""


class FileInProgress:
    """The file in hand: stored while it comes in, or only looked at where there is no place for it."""

    def __init__(self, field: str, filename: bytes, written: storage.EncryptedFile | None, *, dropped: bool) -> None:
        self.size = 0
        self.dropped = dropped
        self._field = field
        self._filename = filename
        self._written = written
        self._is_full = False
        self._head = b""
        self._hash = hashlib.sha256()

    @property
    def is_stored(self) -> bool:
        """Whether its bytes are written to the disk."""
        return self._written is not None

    def discard(self) -> None:
        """Go on without storing it: there is no room."""
        if self._written:
            self._written.remove()
        self._written, self._is_full = None, True

    def write(self, data: bytes) -> None:
        """The next piece."""
        self.size += len(data)
        self._head += data[: HEAD_BYTES - len(self._head)]
        self._hash.update(data)
        if self._written:
            self._written.write(data)

    def finish(self) -> None:
        """It is whole."""
        if self._written:
            self._written.finish()

    def as_upload(self, encoding: str | None) -> Upload:
        """What came, its name being in that encoding."""
        name = filenames.sanitize_filename(decode(self._filename, encoding))
        file_type = detect_type(self._head, name)
        digest = self._hash.digest()
        place = (self._written.stored_as, self._written.key) if self._written else ("", "")
        return Upload(self._field, name, file_type.served_as, self.size, *place, digest, file_type, self._is_full)
