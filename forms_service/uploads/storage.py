"""Where files lie: encrypted in `instance/files/`, each under a name that says nothing and a key that is in its row."""

import base64
import itertools
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import select

from forms_service.background import periodic
from forms_service.database.types import new_id
from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.extensions import db
from forms_service.logs import event
from forms_service.security.file_encryption import Sealer, opened, sealed_size
from forms_service.security.key_ring import KEY_BYTES
from forms_service.uploads.models import File

MIN_ORPHAN_AGE = 3600
"""Age at which a file without a row belongs to no request that is still running."""

SWEEP_INTERVAL = 3600
BATCH = 500
"""Files that are looked up at once."""

STORED_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def init_app(app: Flask) -> None:
    """Make the folder, for nobody else to look into, and have it swept."""
    _folder(app).mkdir(mode=0o700, parents=True, exist_ok=True)
    periodic.register(app, "orphaned_files", SWEEP_INTERVAL, delete_orphans)


class EncryptedFile:
    """A file that is encrypted while it comes in; whoever has its name and its key can read it.

    :raises ServiceUnavailableError: when the disk does not take it
    """

    def __init__(self) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        self.key = base64.b64encode(key).decode()
        self.stored_as = str(new_id())
        self._sealer = Sealer(key)
        with _disk_may_fail():
            descriptor = os.open(_path(self.stored_as), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Add to it."""
        with _disk_may_fail():
            self._file.write(self._sealer.update(data))

    def finish(self) -> None:
        """Make it whole, so that it survives the power going out."""
        with _disk_may_fail():
            self._file.write(self._sealer.finish())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def remove(self) -> None:
        """Take it away again, finished or not."""
        with suppress(OSError):
            self._file.close()
        remove(self.stored_as)


def fsync_directory() -> None:
    """Have the names of new files survive the power going out."""
    with _disk_may_fail():
        folder = os.open(_folder(), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_decrypted(stored_as: str) -> Iterator[bytes]:
    """The file in clear, chunk by chunk; it has the size that its row says.

    :raises NotFoundError: when there is no row, or no file
    :raises ValueError: when it was cut off or added to; where it was changed, once that chunk is reached
    """
    query = select(File.key, File.size).where(File.stored_as == stored_as)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError
    if isinstance(row.key, Unreadable):
        raise NotFoundError("This file cannot be decrypted.")
    try:
        found = _path(stored_as).stat().st_size
    except FileNotFoundError:
        event("file_missing", level=logging.ERROR, file=stored_as)
        raise NotFoundError("This file is missing from the disk.") from None
    if found != sealed_size(row.size):
        raise ValueError("This file is incomplete.")
    return _decrypt(_path(stored_as), base64.b64decode(row.key))


def remove(stored_as: str) -> None:
    """Delete a file from the disk; after the commit that deleted its row. One that stays is found by the next sweep."""
    try:
        _path(stored_as).unlink(missing_ok=True)
    except OSError as error:
        event("file_not_removed", level=logging.ERROR, file=stored_as, error=type(error).__name__)


def delete_orphans() -> int:
    """Delete what a crash left: files that no row names and that are older than MIN_ORPHAN_AGE; how many."""
    old = _names_older_than(time.time() - MIN_ORPHAN_AGE)
    count = 0
    while batch := set(itertools.islice(old, BATCH)):
        known = set(db.session.scalars(select(File.stored_as).where(File.stored_as.in_(batch))))
        db.session.rollback()  # the next batch is another transaction
        for name in batch - known:
            remove(name)
            count += 1
    if count:
        event("orphaned_files_removed", count=count)
    return count


def _names_older_than(moment: float) -> Iterator[str]:
    with os.scandir(_folder()) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # removed in the meantime
                if STORED_NAME.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < moment:
                    yield entry.name


def _decrypt(path: Path, key: bytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from opened(key, file.read)


def _folder(app: Flask | None = None) -> Path:
    return Path((app or current_app).instance_path, "files")


def _path(stored_as: str) -> Path:
    return _folder() / stored_as


@contextmanager
def _disk_may_fail() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        event("storage_failed", level=logging.ERROR, error=f"{type(error).__name__} {error.errno}")
        raise ServiceUnavailableError("Files cannot be stored right now. Try again later.") from error
