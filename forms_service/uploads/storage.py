"""Encrypted files in `instance/files/`, with each key in its row."""

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
from forms_service.languages.sentences import N_
from forms_service.logs import event
from forms_service.security.file_encryption import FileEncryptor, decrypt_stream, sealed_size
from forms_service.security.key_ring import KEY_BYTES
from forms_service.uploads.models import File

MIN_ORPHAN_AGE = 3600
"""Seconds; no request runs that long."""

SWEEP_INTERVAL = 3600
BATCH = 500

STORED_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def init_app(app: Flask) -> None:
    _folder(app).mkdir(mode=0o700, parents=True, exist_ok=True)
    periodic.register(app, "orphaned_files", SWEEP_INTERVAL, delete_orphans)


class EncryptedFile:
    """Encrypts as it is written.

    :raises ServiceUnavailableError: if the disk fails
    """

    def __init__(self) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        self.key = base64.b64encode(key).decode()
        self.stored_as = str(new_id())
        self._sealer = FileEncryptor(key)
        with _disk_may_fail():
            descriptor = os.open(_path(self.stored_as), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        with _disk_may_fail():
            self._file.write(self._sealer.update(data))

    def finish(self) -> None:
        with _disk_may_fail():
            self._file.write(self._sealer.finish())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def remove(self) -> None:
        with suppress(OSError):
            self._file.close()
        remove(self.stored_as)


def fsync_directory() -> None:
    """Make new names survive a power failure."""
    with _disk_may_fail():
        folder = os.open(_folder(), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_decrypted(stored_as: str) -> Iterator[bytes]:
    """Decrypt a file in chunks.

    :raises NotFoundError: without row or file
    :raises ValueError: on reaching damage
    """
    query = select(File.key, File.size).where(File.stored_as == stored_as)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError
    if isinstance(row.key, Unreadable):
        raise NotFoundError("This file cannot be decrypted.")
    try:
        size_on_disk = _path(stored_as).stat().st_size
    except FileNotFoundError:
        event("file_missing", level=logging.ERROR, file=stored_as)
        raise NotFoundError("This file is missing from the disk.") from None
    if size_on_disk != sealed_size(row.size):
        raise ValueError("This file is incomplete.")
    return _decrypt(_path(stored_as), base64.b64decode(row.key))


def remove(stored_as: str) -> None:
    """Delete after its row; the sweep retries."""
    try:
        _path(stored_as).unlink(missing_ok=True)
    except OSError as error:
        event("file_not_removed", level=logging.ERROR, file=stored_as, error=type(error).__name__)


def delete_orphans() -> int:
    """Delete and count files that a crash left without row."""
    old = _names_older_than(time.time() - MIN_ORPHAN_AGE)
    count = 0
    while batch := set(itertools.islice(old, BATCH)):
        owned = set(db.session.scalars(select(File.stored_as).where(File.stored_as.in_(batch))))
        db.session.rollback()  # one transaction per batch
        for name in batch - owned:
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
        yield from decrypt_stream(key, file.read)


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
        raise ServiceUnavailableError(N_("Files cannot be stored right now. Try again later.")) from error
