"""A file during its upload."""

import hashlib
from dataclasses import dataclass
from dataclasses import field as described

from forms_service.uploads import filenames, storage
from forms_service.uploads.content_types import HEAD_BYTES, FileType, detect_type
from forms_service.virus_scanner.clamd import Verdict, current_scanner
from forms_service.web.charsets import decode


@dataclass(frozen=True)
class Upload:
    """Not stored if its field takes no files."""

    field: str
    name: str
    content_type: str
    """Never active content."""

    size: int
    stored_as: str
    key: str = described(default="", repr=False)
    digest: bytes = b""
    """SHA-256."""

    file_type: FileType = described(default=FileType(""), repr=False)
    is_full: bool = False
    """A quota prevented storing it."""

    verdict: Verdict | None = None
    """None without a scanner."""


class FileInProgress:
    """Stored, or only inspected."""

    def __init__(
        self, field: str, filename: bytes, stored_file: storage.EncryptedFile | None, *, dropped: bool
    ) -> None:
        self.size = 0
        self.dropped = dropped
        self._field = field
        self._filename = filename
        self._stored_file = stored_file
        self._is_full = False
        self._head = b""
        self._hash = hashlib.sha256()
        scanner = current_scanner() if stored_file else None
        self._scan = scanner.scan() if scanner else None
        self._verdict: Verdict | None = None

    @property
    def is_stored(self) -> bool:
        return self._stored_file is not None

    def discard(self) -> None:
        if self._stored_file:
            self._stored_file.remove()
        self._stored_file, self._is_full = None, True
        self.close()
        self._scan = None

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self._head += data[: HEAD_BYTES - len(self._head)]
        self._hash.update(data)
        if self._stored_file:
            self._stored_file.write(data)
        if self._scan:
            self._scan.write(data)

    def finish(self) -> None:
        if self._stored_file:
            self._stored_file.finish()
        if self._scan:
            self._verdict = self._scan.finish()

    def close(self) -> None:
        """Let go of the scanner."""
        if self._scan:
            self._scan.close()

    def to_upload(self, encoding: str | None) -> Upload:
        name = filenames.sanitize_filename(decode(self._filename, encoding))
        file_type = detect_type(self._head, name)
        digest = self._hash.digest()
        location = (self._stored_file.stored_as, self._stored_file.key) if self._stored_file else ("", "")
        return Upload(
            self._field,
            name,
            file_type.served_as,
            self.size,
            *location,
            digest=digest,
            file_type=file_type,
            is_full=self._is_full,
            verdict=self._verdict,
        )
