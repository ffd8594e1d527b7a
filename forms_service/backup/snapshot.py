"""Writes an archive of one moment, while the service goes on."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Connection, column, select, table

from forms_service import __version__
from forms_service.backup import manifest
from forms_service.backup.archive import BUFFER_BYTES, ArchiveWriter, BackupError
from forms_service.backup.manifest import Manifest
from forms_service.backup.table_parts import split_rows
from forms_service.backup.tables import KEYRING, VERSION_TABLE, TableLayout, count_rows, read_layouts, read_rows
from forms_service.database import postgres
from forms_service.database.types import now
from forms_service.encryption import wrapped_keys
from forms_service.extensions import db
from forms_service.file_store.interface import FileStoreError
from forms_service.uploads import storage

FILES_TABLE = "submission_files"
BATCH_NAMES = 1000

Progress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


@dataclass
class Summary:
    rows: int = 0
    files: int = 0
    missing_files: int = 0
    """Erased while the backup was written."""

    bytes_written: int = 0


def write(out: BinaryIO, *, with_files: bool, progress: Progress) -> Summary:
    """Write an archive of the database, and of the files that it names.

    :raises BackupError: if the database is empty
    """
    summary, archive = Summary(), ArchiveWriter(out)
    with tempfile.TemporaryFile() as names:
        with _snapshot() as connection:
            description = _describe(connection, with_files=with_files)
            archive.add_bytes(manifest.NAME, description.dump())
            ring = wrapped_keys.unwrap_ring(wrapped_keys.fetch_rows(connection))
            for layout in description.tables:
                for number, part, rows in split_rows(read_rows(connection, layout)):
                    archive.add_bytes(f"tables/{layout.name}/{number}.jsonl", part)
                    summary.rows += rows
                    progress(summary.rows, description.steps)
            if with_files and FILES_TABLE in description.rows:
                _spool_names(connection, names)
        for name in _spooled(names):
            _add_file(archive, name, summary)
            progress(summary.rows + summary.files + summary.missing_files, description.steps)
    facts = {"files": summary.files, "missing_files": summary.missing_files}
    archive.finish(facts, lambda digests: ring.index(digests, "backup").hex())
    summary.bytes_written = archive.bytes_written
    return summary


@contextmanager
def _snapshot() -> Iterator[Connection]:
    postgresql = db.engine.dialect.name == "postgresql"
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgresql else {}
    with db.engine.connect().execution_options(**options) as connection, postgres.unlimited_transaction(connection):
        yield connection


def _describe(connection: Connection, *, with_files: bool) -> Manifest:
    tables = read_layouts(connection)
    if not any(layout.name == KEYRING for layout in tables) or not wrapped_keys.fetch_rows(connection):
        raise BackupError("There is nothing to back up: this database is empty.")
    return Manifest(
        version=__version__,
        revision=connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar_one(),
        made_at=now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        has_files=with_files,
        tables=tables,
        rows={layout.name: count_rows(connection, layout) for layout in tables},
    )


def _spool_names(connection: Connection, names: BinaryIO) -> None:
    files = TableLayout(FILES_TABLE, {"stored_as": "text"}, [])
    for batch in read_rows(connection, files):
        names.writelines(f"{name}\n".encode() for (name,) in batch)


def _spooled(names: BinaryIO) -> Iterator[str]:
    names.seek(0)
    for line in names:
        yield line.decode().strip()


def _add_file(archive: ArchiveWriter, name: str, summary: Summary) -> None:
    try:
        stored = storage.open_stored(name)
    except FileNotFoundError:
        summary.missing_files += 1
        return
    except FileStoreError as error:
        raise BackupError(f"A file cannot be read. {error.reason}") from error
    with closing(stored), tempfile.TemporaryFile() as copy:  # the archive has each file's digest in front of it
        while chunk := stored.read(BUFFER_BYTES):
            copy.write(chunk)
        copy.seek(0)
        archive.add(f"files/{name}", copy)
    summary.files += 1
