"""Encrypted files in the file store, with each key in its row."""

import base64
import itertools
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from flask import Flask
from sqlalchemy import select

from forms_service.background import periodic
from forms_service.database.types import new_id
from forms_service.encryption.associated_data import Unreadable
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import NotFoundError, ServiceUnavailableError
from forms_service.extensions import db
from forms_service.file_store.folder import disk_may_fail
from forms_service.file_store.interface import FileStore, FileStoreError, StoredFile
from forms_service.file_store.stores import bucket_store, current_folder, current_store
from forms_service.logs import event
from forms_service.security.file_encryption import FileEncryptor, decrypt_stream, sealed_size
from forms_service.security.key_ring import KEY_BYTES
from forms_service.uploads.models import File

MIN_ORPHAN_AGE = 3600
"""Seconds; no request runs that long."""

SWEEP_INTERVAL = 3600
BATCH = 500


def init_app(app: Flask) -> None:
    periodic.register(app, "orphaned_files", SWEEP_INTERVAL, delete_orphans)


class EncryptedFile:
    """Encrypts as it is written, into the folder.

    :raises FileStoreError: if the disk fails
    """

    def __init__(self) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        self.key = base64.b64encode(key).decode()
        self.stored_as = str(new_id())
        self._sealer = FileEncryptor(key)
        self._file = current_folder().create(self.stored_as)

    def write(self, data: bytes) -> None:
        with disk_may_fail():
            self._file.write(self._sealer.update(data))

    def finish(self) -> None:
        with disk_may_fail():
            self._file.write(self._sealer.finish())
            self._file.close()

    def remove(self) -> None:
        with suppress(OSError):
            self._file.close()
        current_folder().remove([self.stored_as])


def require_available() -> None:
    """Refuse a file early.

    :raises FileStoreError: while the store is known to be unavailable
    """
    current_store().require_available()


def publish(names: Sequence[str]) -> None:
    """Store finished files durably; call it before the commit of their rows.

    :raises FileStoreError: if the store fails
    """
    if names:
        current_store().publish(names)


def open_decrypted(stored_as: str) -> Iterator[bytes]:
    """Decrypt a file in chunks.

    :raises NotFoundError: without row or file
    :raises ServiceUnavailableError: if the store fails
    :raises ValueError: on reaching damage
    """
    query = select(File.key, File.size).where(File.stored_as == stored_as)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError
    if isinstance(row.key, Unreadable):
        raise NotFoundError("This file cannot be decrypted.")
    try:
        file = open_stored(stored_as)
    except FileNotFoundError:
        event("file_missing", level=logging.ERROR, file=stored_as)
        raise NotFoundError("This file is missing from the disk.") from None
    except FileStoreError as error:
        raise ServiceUnavailableError("This file cannot be read right now. Try again later.") from error
    if file.size != sealed_size(row.size):
        file.close()
        raise ValueError("This file is incomplete.")
    return _DecryptedChunks(file, base64.b64decode(row.key))


def open_stored(stored_as: str) -> StoredFile:
    """Open a file as it is stored, encrypted, wherever it is.

    :raises FileNotFoundError: if it is nowhere
    :raises FileStoreError: if the store fails
    """
    # a file that is being moved disappears from one place after it appeared in the other
    for place in (current_folder(), current_store()):
        with suppress(FileNotFoundError):
            return place.open(stored_as)
    return current_folder().open(stored_as)


def remove(names: Sequence[str]) -> None:
    """Delete files after their rows; the sweep retries."""
    current_folder().remove(names)
    bucket = bucket_store()
    if bucket:
        try:
            bucket.remove(names)
        except FileStoreError as error:
            event("files_not_removed", level=logging.ERROR, count=len(names), reason=error.reason)


def delete_orphans() -> int:
    """Delete and count files that a crash left without row."""
    count = _sweep(current_folder())
    bucket = bucket_store()
    if bucket:
        if bucket.claim(installation_name()):
            count += _sweep(bucket)
        else:
            event("file_store_of_another_installation", level=logging.ERROR)
    if count:
        event("orphaned_files_removed", count=count)
    return count


def installation_name() -> str:
    """Return what tells this installation from others that share a bucket: the same on all its hosts."""
    return current_key_ring().index("installation", "file_store").hex()


def _sweep(store: FileStore) -> int:
    old = store.names(older_than=time.time() - MIN_ORPHAN_AGE)
    count = 0
    while batch := set(itertools.islice(old, BATCH)):
        orphans = batch - owned_names(batch)
        store.remove(list(orphans))
        count += len(orphans)
    return count


def owned_names(names: set[str]) -> set[str]:
    """Return those that have a row, in a transaction of its own."""
    owned = set(db.session.scalars(select(File.stored_as).where(File.stored_as.in_(names))))
    db.session.rollback()
    return owned


class _DecryptedChunks(Iterator[bytes]):
    """Closes the file also if nobody reads it: a generator that was never started could not."""

    def __init__(self, file: StoredFile, key: bytes) -> None:
        self._file, self._chunks = file, decrypt_stream(key, file.read)

    def __next__(self) -> bytes:
        return next(self._chunks)

    def __del__(self) -> None:
        self._file.close()
