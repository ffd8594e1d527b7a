"""Encrypted file storage: integrity, orphans, key rotation."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, select, type_coerce

from forms_service.accounts import service
from forms_service.database.transactions import write_session
from forms_service.encryption import keyring, rotation
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.submissions.models import Submission
from forms_service.uploads import storage
from forms_service.uploads.models import File
from forms_service.uploads.multipart_upload import build_file_rows
from forms_service.uploads.uploaded_file import Upload
from tests.support import servers

LONG_AGO = storage.MIN_ORPHAN_AGE + 60


@pytest.fixture
def context(app_on_each_db: Flask) -> Iterator[Flask]:
    with app_on_each_db.app_context():
        yield app_on_each_db


def written(content: bytes) -> storage.EncryptedFile:
    file = storage.EncryptedFile()
    file.write(content)
    file.finish()
    storage.publish([file.stored_as])
    return file


def path_of(app: Flask, stored_as: str) -> Path:
    return Path(app.instance_path, "files", stored_as)


def age(app: Flask, stored_as: str, seconds: float = LONG_AGO) -> None:
    moment = time.time() - seconds
    os.utime(path_of(app, stored_as), (moment, moment))


def submission() -> uuid.UUID:
    person = service.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
    owner = service.create(person, role="owner", status="active")
    with write_session():
        db.session.add(Form(id="AbCdEfGhIjKlMnOp", owner_id=owner.id, name="Contact", settings="{}", version=1))
        hashes = {"content_hash": bytes(32), "fingerprint": bytes(32)}
        row = Submission(form_id="AbCdEfGhIjKlMnOp", form_version=1, status="inbox", data="{}", **hashes)
        db.session.add(row)
        db.session.commit()
        return row.id


def stored(content: bytes, submission_id: uuid.UUID | None = None) -> str:
    """The name of a file that has a row."""
    file = written(content)
    upload = Upload("cv", "Lebenslauf.txt", "text/plain", len(content), file.stored_as, file.key)
    rows = build_file_rows(submission_id or submission(), [upload])
    with write_session():
        db.session.add_all(File(**row) for row in rows)
        db.session.commit()
    return file.stored_as


def read(stored_as: str) -> bytes:
    return b"".join(storage.open_decrypted(stored_as))


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_000])
def test_a_file_is_decrypted_unchanged(context: Flask, size: int) -> None:
    content = os.urandom(size)
    assert read(stored(content)) == content


def test_a_changed_file_is_refused(context: Flask) -> None:
    name = stored(b"a" * 100_000)
    path = path_of(context, name)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole + b"\0", whole[:65_563]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="incomplete"):
            storage.open_decrypted(name)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match="damaged"):
        read(name)


def test_a_file_copied_over_another_is_refused(context: Flask) -> None:
    submission_id = submission()
    with write_session():
        one, other = written(b"one"), written(b"two")
        uploads = [Upload("cv", "n", "text/plain", 3, file.stored_as, file.key) for file in (one, other)]
        db.session.add_all(File(**row) for row in build_file_rows(submission_id, uploads))
        db.session.commit()
    path_of(context, one.stored_as).write_bytes(path_of(context, other.stored_as).read_bytes())
    with pytest.raises(ValueError):
        read(one.stored_as)


def test_a_missing_row_or_file_is_404(context: Flask) -> None:
    with pytest.raises(NotFoundError):
        storage.open_decrypted(str(uuid.uuid4()))
    name = stored(b"a")
    storage.remove([name])
    storage.remove([name])
    with pytest.raises(NotFoundError):
        storage.open_decrypted(name)


def test_rotation_re_encrypts_the_key_and_not_the_file(context: Flask) -> None:
    name = stored(b"a" * 100)
    before = path_of(context, name).read_bytes()
    sealed = select(type_coerce(File.__table__.c.key, LargeBinary))
    old = db.session.scalars(sealed).one()
    keyring.start_data_key()
    list(rotation.reencrypt())
    assert bytes(db.session.scalars(sealed).one())[:4] != bytes(old)[:4]
    assert path_of(context, name).read_bytes() == before
    assert read(name) == b"a" * 100


def test_the_sweep_deletes_only_old_orphans(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BATCH", 2)
    submission_id = submission()
    owned = stored(b"owned", submission_id)
    orphans = [written(b"orphan").stored_as for _ in range(5)]
    for name in (owned, *orphans):
        age(context, name)
    young = written(b"still being taken").stored_as
    foreign = path_of(context, "notes.txt")
    foreign.write_text("an operator's")
    age(context, "notes.txt")
    assert storage.delete_orphans() == 5
    left = {path.name for path in Path(context.instance_path, "files").iterdir()}
    assert left == {owned, young, "notes.txt"}
    assert read(owned) == b"owned"
    assert storage.delete_orphans() == 0


KILLED = """
import os, signal
from pathlib import Path
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.uploads import storage
with create_app(load_settings(Path())).app_context():
    whole, half = storage.EncryptedFile(), storage.EncryptedFile()
    whole.write(b"secret " * 30_000)
    whole.finish()
    half.write(b"secret " * 30_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_the_sweep_deletes_files_left_by_a_kill(app: Flask) -> None:
    folder = Path(app.instance_path)
    done = servers.python(folder, KILLED, INSTANCE_PATH=str(folder), ENVIRONMENT="testing", BCRYPT_ROUNDS="4")
    assert done.returncode == -9, done.stderr
    left = list((folder / "files").iterdir())
    assert len(left) == 2
    assert all(b"secret" not in path.read_bytes() for path in left)
    with app.app_context():
        assert storage.delete_orphans() == 0, "the request might still be running"
        for path in left:
            age(app, path.name)
        assert storage.delete_orphans() == 2
    assert list((folder / "files").iterdir()) == []
