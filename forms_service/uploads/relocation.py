"""Moves files between the folder and the S3-compatible store, one by one, while they stay readable."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from forms_service.errors import StartError
from forms_service.file_store.interface import FileStore, FileStoreError
from forms_service.file_store.s3 import S3Store
from forms_service.file_store.stores import bucket_store, current_folder
from forms_service.uploads.storage import BATCH, owned_names


def count_files(*, back: bool) -> int:
    """Return how many there are to move, at most: files that are arriving count too."""
    source: FileStore = _bucket() if back else current_folder()
    return sum(1 for _ in source.names(older_than=time.time()))


def move_files(*, back: bool) -> Iterator[int]:
    """Move files to the bucket, or `back` to the folder; yield 1 for each.

    :raises FileStoreError: if a place fails; what was moved stays moved
    """
    bucket = _bucket()
    source: FileStore = bucket if back else current_folder()
    move: Callable[[str], None] = (lambda name: _fetch(bucket, name)) if back else (lambda name: _publish(bucket, name))
    names = source.names(older_than=time.time())
    while batch := list(itertools.islice(names, BATCH)):
        owned = owned_names(set(batch))
        for name in batch:
            if name in owned:
                with suppress(FileNotFoundError):  # erased in the meantime
                    move(name)
            yield 1


def _publish(bucket: S3Store, name: str) -> None:
    try:
        bucket.publish([name])
    except FileStoreError:
        if current_folder().path(name).exists():  # else it was erased in the meantime
            raise


def _fetch(bucket: S3Store, name: str) -> None:
    file = bucket.open(name)
    try:
        current_folder().fetch(name, file)
    finally:
        file.close()
    bucket.remove([name])


def _bucket() -> S3Store:
    bucket = bucket_store()
    if bucket is None:
        raise StartError("S3_BUCKET is not set: all files are in the instance folder.")
    return bucket
