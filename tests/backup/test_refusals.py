"""Backups that are refused, places that they are not restored into, and disks that are full."""

import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from forms_service.accounts.models import Account
from forms_service.backup import restoration
from forms_service.backup.archive import DIGEST_HEADER, BackupError
from forms_service.extensions import db
from forms_service.security import generate_key
from tests.support import stored
from tests.support.api_keys import make_key
from tests.support.backups import Instance
from tests.support.definitions import PDF
from tests.support.visitors import form_for

pytestmark = pytest.mark.slow


class Backup:
    """A backup, its instance, and an empty one under the same keys."""

    def __init__(self, folder: Path) -> None:
        self.source = Instance(folder / "source")
        with self.source.app() as app:
            make_key(app)
            stored.attach(app, stored.submit(app, form_for(app)), "cv.pdf", PDF)
        self.file = self.source.back_up()
        self.content = self.file.read_bytes()
        self.empty = Instance(folder / "empty", keys_of=self.source)

    def accounts_in_empty(self) -> int:
        with self.empty.app() as app, app.app_context():
            return db.session.scalar(select(func.count()).select_from(Account)) or 0


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BCRYPT_ROUNDS", "4")
        yield Backup(tmp_path_factory.mktemp("refusals"))


def check(instance: Instance, content: bytes) -> None:
    with instance.app() as app, app.app_context():
        restoration.check(io.BytesIO(content), lambda *_: None)


def test_damage_anywhere_is_noticed_and_named(backup: Backup) -> None:
    with tarfile.open(backup.file) as archive:
        places = [(member.name, member.offset_data) for member in archive if member.size]
    with backup.empty.app() as app, app.app_context():
        for name, offset in places:
            damaged = bytearray(backup.content)
            damaged[offset] ^= 1
            with pytest.raises(BackupError, match=name):
                restoration.check(io.BytesIO(damaged), lambda *_: None)


def test_a_backup_that_ends_early_is_refused(backup: Backup) -> None:
    with tarfile.open(backup.file) as archive:
        whole = [member.offset for member in archive if member.name != "manifest.json"]
    with backup.empty.app() as app, app.app_context():
        for length in {0, 100, 5000, *whole, *(offset + 700 for offset in whole)} - {len(backup.content)}:
            with pytest.raises(BackupError):
                restoration.check(io.BytesIO(backup.content[:length]), lambda *_: None)
        restoration.check(io.BytesIO(backup.content), lambda *_: None)


def test_a_damaged_one_leaves_the_database_empty_for_another_try(backup: Backup, tmp_path: Path) -> None:
    with tarfile.open(backup.file) as archive:
        (offset,) = [member.offset_data for member in archive if member.name.startswith("files/")]
    damaged = bytearray(backup.content)
    damaged[offset] ^= 1
    file = tmp_path / "damaged.tar"
    file.write_bytes(damaged)
    assert "is damaged: files/" in backup.empty.refuses(file)
    assert backup.accounts_in_empty() == 0
    other = Instance(tmp_path / "other", keys_of=backup.source)
    assert other.refuses(file)
    other.restore(backup.file)


def test_rows_changed_by_somebody_without_the_keys_are_refused(backup: Backup) -> None:
    """The digests fit: only the MAC shows it."""
    forged = io.BytesIO()
    with tarfile.open(backup.file) as source, tarfile.open(fileobj=forged, mode="w", format=tarfile.PAX_FORMAT) as out:
        for member in source:
            reader = source.extractfile(member)
            assert reader
            content = reader.read()
            if member.name.startswith("tables/accounts/"):
                content = content.replace(b'"owner"', b'"operator"')
            member.size = len(content)
            member.pax_headers = {DIGEST_HEADER: digest_of(content)}
            out.addfile(member, io.BytesIO(content))
    with pytest.raises(BackupError, match="MAC"):
        check(backup.empty, forged.getvalue())


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_other_keys_and_newer_versions_are_refused(backup: Backup, tmp_path: Path) -> None:
    stranger = Instance(tmp_path / "stranger")
    assert "Set the ENCRYPTION_KEYS" in stranger.refuses(backup.file)
    assert (
        "Set the ENCRYPTION_KEYS"
        in backup.empty.run(
            "restore", "--check", str(backup.file), ENCRYPTION_KEYS=generate_key(), INSTANCE_PATH=str(tmp_path)
        ).stderr
    )
    newer = backup.content.replace(b'"revision": "0', b'"revision": "9', 1)
    start = newer.index(b'{\n "version"')
    manifest = newer[start : newer.index(b"\0", start)]
    old_digest = digest_of(manifest.replace(b'"revision": "9', b'"revision": "0')).encode()
    newer = newer.replace(old_digest, digest_of(manifest).encode(), 1)
    with pytest.raises(BackupError, match="newer than that of this version"):
        check(backup.empty, newer)
    (tmp_path / "other.tar").write_text("something else")
    assert "not a backup" in backup.empty.refuses(tmp_path / "other.tar")


def test_only_an_empty_and_unused_database_is_restored_into(backup: Backup) -> None:
    assert "not empty (accounts: " in backup.source.refuses(backup.file)
    with closing(sqlite3.connect(backup.empty.folder / "forms.db")) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT count(*) FROM accounts").fetchall()
        assert "Stop the service" in backup.empty.refuses(backup.file)


def test_a_full_disk_leaves_no_file(backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "forms.tar.unfinished").symlink_to("/dev/full")
    done = backup.source.run("backup", str(tmp_path / "forms.tar"))
    assert done.returncode == 1
    assert "could not be written: No space left on device. Nothing is left of it." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_backup_says_where_its_keys_are(backup: Backup, tmp_path: Path) -> None:
    output = backup.source.run("backup", str(tmp_path)).stderr
    # a service without .env has them in a file
    assert "Keep a copy of .env (or of instance/encryption_keys) elsewhere" in output


def test_old_backups_are_deleted_and_existing_files_are_not_replaced(backup: Backup, tmp_path: Path) -> None:
    assert "already exists" in backup.source.run("backup", str(backup.file)).stderr
    for day in ("01", "02", "03"):
        (tmp_path / f"forms_service-202501{day}T030000Z.tar").touch()
    (tmp_path / "mine.tar").touch()
    done = backup.source.run("backup", "--keep", "2", str(tmp_path))
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "forms_service-20250103T030000Z.tar"
    assert names[2:] == ["mine.tar"]
    assert "--keep needs a directory" in backup.source.run("backup", "--keep", "2", str(tmp_path / "x")).stderr
    with tarfile.open(tmp_path / names[1]) as archive:
        reader = archive.extractfile("manifest.json")
        assert reader
        assert json.load(reader)["format"] == 1
