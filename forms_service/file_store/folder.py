"""The folder `instance/files/`: the default store, and where files are written while they arrive."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from forms_service.file_store.interface import FileStoreError, StoredFile
from forms_service.logs import event

STORED_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COPY_BYTES = 65_536


class Folder:
    """A FileStore on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self._path / name

    def create(self, name: str) -> BinaryIO:
        """Create a file that its writer publishes."""
        with disk_may_fail():
            return os.fdopen(os.open(self.path(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")

    def require_available(self) -> None:
        pass

    def publish(self, names: Sequence[str]) -> None:
        with disk_may_fail():
            for name in names:
                fsync(self.path(name))
            fsync(self._path)  # makes the names survive a power failure

    def open(self, name: str) -> StoredFile:
        file = self.path(name).open("rb")
        return StoredFile(os.fstat(file.fileno()).st_size, file.read, file.close)

    def fetch(self, name: str, source: StoredFile) -> None:
        """Copy a file into the folder; it appears there complete."""
        draft = self._path / f"{name}.{os.getpid()}.draft"
        with disk_may_fail():
            try:
                with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    while chunk := source.read(COPY_BYTES):
                        file.write(chunk)
                    if file.tell() != source.size:
                        raise FileStoreError(f"The store ended {name} early.")
                fsync(draft)
                draft.rename(self.path(name))
                fsync(self._path)
            finally:
                draft.unlink(missing_ok=True)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            try:
                self.path(name).unlink(missing_ok=True)
            except OSError as error:  # the sweep retries
                event("file_not_removed", level=logging.ERROR, file=name, error=type(error).__name__)

    def names(self, older_than: float) -> Iterator[str]:
        with os.scandir(self._path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # removed in the meantime
                    if STORED_NAME.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < older_than:
                        yield entry.name

    def check(self) -> None:
        if not os.access(self._path, os.R_OK | os.W_OK | os.X_OK):
            raise FileStoreError(f"The service cannot write to {self._path.name}/ in INSTANCE_PATH.")


@contextmanager
def disk_may_fail() -> Iterator[None]:
    """Turn errors of the disk into FileStoreError."""
    try:
        yield
    except OSError as error:
        event("storage_failed", level=logging.ERROR, error=f"{type(error).__name__} {error.errno}")
        raise FileStoreError(os.strerror(error.errno or 0)) from error


def fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
