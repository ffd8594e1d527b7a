"""Restores an archive into an empty place, in one transaction, or only checks it."""

from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import Connection

from forms_service import __version__
from forms_service.backup import indexes, manifest, place, unsent
from forms_service.backup.archive import ArchiveReader, BackupError, Member
from forms_service.backup.manifest import Manifest
from forms_service.backup.snapshot import Progress
from forms_service.backup.table_parts import parse_rows
from forms_service.backup.tables import KEYRING, TableLayout, insert_rows, read_layouts
from forms_service.backup.unsent import Held
from forms_service.database import migrations
from forms_service.encryption import wrapped_keys
from forms_service.encryption.rotation import encrypted_columns
from forms_service.errors import StartError
from forms_service.file_store.folder import STORED_NAME
from forms_service.file_store.interface import FileStoreError, StoredFile
from forms_service.file_store.stores import current_folder
from forms_service.security.key_ring import KeyRing, row_key
from forms_service.uploads import storage

OTHER_KEYS = (
    "None of ENCRYPTION_KEYS unwraps the keys of this backup. Set the ENCRYPTION_KEYS of the service that it was made "
    "of, from the copy of its .env (or of instance/encryption_keys); nothing else can decrypt it."
)


@dataclass
class Report:
    manifest: Manifest
    rows: int = 0
    files: int = 0
    missing_files: int = 0
    bytes_read: int = 0
    held: Held | None = None
    """None if what waits is sent."""

    sampled: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Places of sampled values that do not decrypt."""

    def count(self, member: Member, progress: Progress) -> None:
        self.bytes_read += member.size
        progress(self.rows + self.files, self.manifest.steps)


class OpenBackup:
    """An archive whose keys are unwrapped: its key ring reads the rest."""

    def __init__(self, source: BinaryIO) -> None:
        self._archive = ArchiveReader(source)
        self._members = self._archive.members()
        self.manifest = manifest.load(self._next())
        self.layouts = {layout.name: layout for layout in self.manifest.tables}
        self._first = self._next()
        table, self._key_rows = parse_rows(self._first)
        if table != KEYRING:
            raise BackupError(manifest.NOT_OURS)
        self.ring = self._unwrap()

    def table_parts_and_files(self) -> Iterator[tuple[Member, TableLayout | None, list[list[Any]]]]:
        """Yield each member, with its table and rows unless it is a file; then verify the end."""
        yield self._first, self.layouts[KEYRING], self._key_rows
        for member in self._members:
            if member.path.parts[0] == "files":
                yield member, None, []
                continue
            name, rows = parse_rows(member)
            if name not in self.layouts:
                raise BackupError(f"{member.name} of this backup is not in its manifest.")
            yield member, self.layouts[name], rows
        self._archive.verify_end(lambda digests: self.ring.index(digests, "backup").hex())

    @property
    def missing_files(self) -> int:
        return int((self._archive.end or {}).get("missing_files", 0))

    def _next(self) -> Member:
        member = next(self._members, None)
        if member is None:
            raise BackupError(manifest.NOT_OURS)
        return member

    def _unwrap(self) -> KeyRing:
        columns = list(self.layouts[KEYRING].columns)
        rows = [dict(zip(columns, row, strict=True)) for row in self._key_rows]
        try:
            return wrapped_keys.unwrap_ring(
                [(row["purpose"], row["number"], a2b_base64(row["wrapped"])) for row in rows]
            )
        except StartError as error:
            raise BackupError(OTHER_KEYS) from error


def check(source: BinaryIO, progress: Progress) -> Report:
    """Read everything, verify it, and decrypt the first row of each part; write nothing.

    :raises BackupError: if it cannot be restored
    """
    backup = OpenBackup(source)
    _require_known_revision(backup.manifest)
    report = Report(backup.manifest)
    contexts = {table.name: [column.name for column in columns] for table, columns in encrypted_columns().items()}
    for member, layout, rows in backup.table_parts_and_files():
        if layout is None:
            for _ in member.chunks():
                pass
            report.files += 1
        elif rows:
            _decrypt_sample(backup.ring, layout, rows[0], contexts.get(layout.name, []), report)
        report.rows += len(rows)
        report.count(member, progress)
    report.missing_files = backup.missing_files
    return report


def restore(source: BinaryIO, *, moving: bool, progress: Progress) -> Report:
    """Restore into an empty database, at the newest revision, and the files folder.

    Interrupted, it leaves the database empty; files already written are replaced by the next run. When `moving`, what
    waits is sent and sessions go on; else see `unsent`.

    :raises BackupError: if the archive cannot be restored, or not here
    """
    backup = OpenBackup(source)
    _require_known_revision(backup.manifest)
    report = Report(backup.manifest)
    with place.writing() as connection:
        _prepare(connection, backup)
        with indexes.created_afterwards(connection):
            for member, layout, rows in backup.table_parts_and_files():
                if layout is None:
                    _store_file(member)
                    report.files += 1
                elif rows:
                    insert_rows(connection, layout, rows)
                report.rows += len(rows)
                report.count(member, progress)
        migrations.move_to(connection, "head")
        report.held = None if moving else unsent.hold(connection, backup.ring)
    report.missing_files = backup.missing_files
    return report


def _store_file(member: Member) -> None:
    name, chunks = member.path.name, member.chunks()
    if not STORED_NAME.fullmatch(name):
        raise BackupError(f"{member.name} is not the name of a stored file.")
    try:
        current_folder().fetch(name, StoredFile(member.size, lambda _: next(chunks, b""), chunks.close))
        storage.publish([name])
    except FileStoreError as error:
        raise BackupError(f"A file cannot be stored. {error.reason}") from error


def _require_known_revision(description: Manifest) -> None:
    if not migrations.is_known(description.revision):
        raise BackupError(
            f"This backup was made by version {description.version} of forms_service, whose database is newer than "
            f"that of this version ({__version__}). Install that version or a newer one."
        )


def _prepare(connection: Connection, backup: OpenBackup) -> None:
    place.require_empty(connection)
    place.clear(connection)
    migrations.move_to(connection, backup.manifest.revision)
    here = {layout.name: layout.columns for layout in read_layouts(connection)}
    if here != {layout.name: layout.columns for layout in backup.manifest.tables}:
        raise BackupError(
            f"The tables in this backup are not those of revision {backup.manifest.revision}. It was made of a "
            "database that was changed by hand, or by a changed version of forms_service."
        )


def _decrypt_sample(ring: KeyRing, layout: TableLayout, row: list[Any], encrypted: list[str], report: Report) -> None:
    values = dict(zip(layout.columns, row, strict=True))
    key = row_key(_key_part(layout.columns[name], values[name]) for name in layout.key)
    for name in encrypted:
        if values.get(name) is None:
            continue
        report.sampled += 1
        try:
            ring.decrypt(a2b_base64(values[name]), f"{layout.name}.{name}", key)
        except ValueError:
            report.unreadable.append(f"{layout.name}.{name} of {key}")


def _key_part(kind: str, value: Any) -> Any:
    return a2b_base64(value) if kind == "bytes" else value
