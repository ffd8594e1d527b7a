"""The file that a backup is written to, whole or not at all, and the older ones beside it."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from forms_service.backup.archive import BackupError
from forms_service.database.types import now
from forms_service.file_store.folder import fsync

NAME = re.compile(r"forms_service-\d{8}T\d{6}Z\.tar")
UNFINISHED = ".unfinished"
MAX_UNFINISHED_AGE = 86400
"""Seconds; no backup takes that long, so that an older one was interrupted."""


def new_name() -> str:
    return f"forms_service-{now():%Y%m%dT%H%M%SZ}.tar"


@contextmanager
def open_new(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its owner only; it gets its name once it is whole and durable.

    :raises BackupError: if it exists, or cannot be written
    """
    if path.exists():
        raise BackupError(f"{path} already exists. Name another file.")
    draft = path.with_name(path.name + UNFINISHED)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", 1 << 20) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        draft.rename(path)
        fsync(path.parent)
    except OSError as error:
        raise BackupError(
            f"The backup {path} could not be written: {error.strerror or error}. Nothing is left of it."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Yield standard output, for a pipe.

    :raises BackupError: if its reader went away
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes the rest when it ends
        raise BackupError(
            f"The backup could not be written to standard output: {error.strerror or error}. What was written is not a "
            "whole backup, and flask restore refuses it."
        ) from error


def delete_older(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest backups, and interrupted ones; return those deleted."""
    backups = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    oldest = time.time() - MAX_UNFINISHED_AGE
    interrupted = [
        path for path in folder.glob(f"*{UNFINISHED}") if NAME.fullmatch(path.stem) and path.stat().st_mtime < oldest
    ]
    for path in (*backups[:-keep], *interrupted):
        path.unlink()
    return backups[:-keep]
