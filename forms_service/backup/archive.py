"""The archive: a tar that is written and read as a stream, so that it can be piped to another host.

    manifest.json            format, version, schema revision, tables with their columns and row counts
    tables/NAME/N.jsonl      rows as JSON arrays, in parts
    files/NAME               files, encrypted as they are on disk
    end.json                 number of files, and a MAC of all digests

Each member's SHA-256 is the comment in its header. The MAC is keyed by the index key, so that only who has
ENCRYPTION_KEYS can change an archive.
"""

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

BUFFER_BYTES = 1 << 20
DIGEST_HEADER = "comment"
"""The only keyword of PAX headers that no program interprets."""

END = "end.json"

Mac = Callable[[str], str]


class BackupError(ValueError):
    """The text is for the operator."""


class ArchiveWriter:
    """Writes members one after the other, in flat memory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = _CountingOutput(out)
        out_of_tar: Any = self._out
        self._tar: Any = tarfile.open(fileobj=out_of_tar, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._digests = hashlib.sha256()
        self._moment = int(time.time())

    @property
    def bytes_written(self) -> int:
        return self._out.position

    def add(self, name: str, content: io.BytesIO | io.BufferedRandom | io.BufferedReader) -> None:
        """Add a file, from its start."""
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = content.seek(0, io.SEEK_END), 0o600, self._moment
        member.pax_headers = {DIGEST_HEADER: digest}
        content.seek(0)
        self._tar.addfile(member, content)
        self._tar.members.clear()  # tarfile would keep all of them in memory
        self._digests.update(f"{digest}  {name}\n".encode())

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content))

    def finish(self, facts: dict[str, Any], mac: Mac) -> None:
        """Write the end, without which an archive counts as truncated."""
        sealed = {**facts, "mac": mac(_sealed_text(self._digests.hexdigest(), facts))}
        self.add_bytes(END, json.dumps(sealed).encode())
        self._tar.close()


class _CountingOutput:
    """A file or pipe with a position, which is all that `tarfile` needs.

    Its own stream mode would write again when it is collected after an error.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.position = 0

    def write(self, data: bytes) -> int:
        self.position += len(data)
        return self._out.write(data)

    def tell(self) -> int:
        return self.position


class Member:
    """A member of an archive, verified as it is read."""

    def __init__(self, header: tarfile.TarInfo, stream: Any) -> None:
        self.name = header.name
        self.path = PurePosixPath(header.name)
        self.size = header.size
        self.digest = header.pax_headers.get(DIGEST_HEADER, "")
        self._stream = stream

    def chunks(self) -> Generator[bytes, None, None]:
        """Yield the content; the last step verifies it.

        :raises BackupError: if it is damaged
        """
        digest = hashlib.sha256()
        try:
            while chunk := self._stream.read(BUFFER_BYTES):
                digest.update(chunk)
                yield chunk
        except tarfile.TarError as error:
            raise BackupError(f"This backup is truncated: it ends in {self.name}.") from error
        if digest.hexdigest() != self.digest:
            raise BackupError(f"This backup is damaged: {self.name} is not as it was written.")

    def read(self) -> bytes:
        return b"".join(self.chunks())


class ArchiveReader:
    """Reads members one after the other, in flat memory.

    :raises BackupError: if it is no archive of ours, truncated or damaged
    """

    def __init__(self, source: BinaryIO) -> None:
        try:
            self._tar: Any = tarfile.open(fileobj=source, mode="r|", bufsize=BUFFER_BYTES)  # noqa: SIM115
        except tarfile.TarError as error:
            raise BackupError("This is not a backup made by flask backup, or its beginning is damaged.") from error
        self._digests = hashlib.sha256()
        self._last = "its beginning"
        self.end: dict[str, Any] | None = None

    def members(self) -> Iterator[Member]:
        """Yield the members before the end; each must be read before the next."""
        while (member := self._next()).name != END:
            yield member
            self._digests.update(f"{member.digest}  {member.name}\n".encode())
            self._last = member.name
        self.end = json.loads(member.read())

    def verify_end(self, mac: Mac) -> None:
        """Compare the MAC, after the last member."""
        facts = {name: value for name, value in (self.end or {}).items() if name != "mac"}
        if self.end is None or self.end.get("mac") != mac(_sealed_text(self._digests.hexdigest(), facts)):
            raise BackupError(
                "This backup was changed after it was written, or members of it are missing: its MAC does not match."
            )

    def _next(self) -> Member:
        try:
            header = self._tar.next()
        except tarfile.TarError as error:
            raise BackupError(f"This backup is truncated or damaged after {self._last}.") from error
        self._tar.members.clear()
        if header is None:
            raise BackupError(f"This backup is truncated or damaged after {self._last}.")
        if not header.isfile():
            raise BackupError(f"This backup holds something that is no file: {header.name}")
        return Member(header, self._tar.extractfile(header))


def _sealed_text(digest: str, facts: dict[str, Any]) -> str:
    return json.dumps([digest, facts], sort_keys=True)
