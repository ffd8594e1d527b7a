"""Moving files to the bucket and back, and sweeping it."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from forms_service.cli import files
from forms_service.file_store import stores
from forms_service.file_store.interface import FileStoreError
from forms_service.uploads import relocation, storage
from tests.conftest import MakeApp
from tests.support.api_keys import make_key
from tests.support.s3_server import S3Server
from tests.support.stored import attach, make_form, submit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def app(make_app: MakeApp, bucket: S3Server) -> Flask:
    app = make_app(**bucket.settings(S3_PREFIX=f"a/b/{uuid.uuid4()}"))
    make_key(app)
    return app


def move(app: Flask, *words: str) -> str:
    done = app.test_cli_runner().invoke(files, ["move", *words])
    assert done.exit_code == 0, done.output
    return done.output


def in_folder(app: Flask) -> set[str]:
    return {path.name for path in Path(app.instance_path, "files").iterdir()}


def in_bucket(app: Flask) -> set[str]:
    with app.app_context():
        bucket = stores.bucket_store()
        assert bucket
        return set(bucket.names(older_than=float("inf")))


def read(app: Flask, name: str) -> bytes:
    with app.app_context():
        return b"".join(storage.open_decrypted(name))


def test_files_move_to_the_bucket_and_back_and_stay_readable(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {}
    submission = submit(app, make_form(app))
    for number in range(1, 5):
        content = os.urandom(100_000 * number)
        contents[attach(app, submission, "cv.pdf", content, number).name] = content
    arriving = Path(app.instance_path, "files", str(uuid.uuid4()))
    arriving.write_bytes(b"has no row yet")
    with app.app_context(), monkeypatch.context() as patched:  # as if killed after two
        bucket = stores.bucket_store()
        publish, moved = type(bucket).publish, iter(range(2))

        def fail(self: object, names: list[str]) -> None:
            if next(moved, None) is None:
                raise FileStoreError("away")
            publish(self, names)  # type: ignore[arg-type]

        patched.setattr(type(bucket), "publish", fail)
        done = app.test_cli_runner().invoke(files, ["move"])
        assert done.exit_code == 1
        assert "Run the same command again" in done.output
    assert (len(in_folder(app)), len(in_bucket(app))) == (3, 2)
    assert {name: read(app, name) for name in contents} == contents
    move(app)
    assert (in_folder(app), in_bucket(app)) == ({arriving.name}, contents.keys())
    assert {name: read(app, name) for name in contents} == contents
    move(app, "--back")
    assert (in_folder(app), in_bucket(app)) == ({arriving.name, *contents}, set())
    assert {name: read(app, name) for name in contents} == contents


@pytest.mark.parametrize("words", [(), ("--back",)])
def test_a_file_that_is_erased_meanwhile_stops_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    submission = submit(app, make_form(app))
    names = {attach(app, submission, "cv.pdf", b"x", number).name for number in range(1, 4)}
    if words:
        move(app)
    erased = sorted(names)[0]

    def erase_one(batch: set[str]) -> set[str]:
        owned = storage.owned_names(batch)
        storage.remove([erased])
        return owned

    monkeypatch.setattr(relocation, "owned_names", erase_one)
    move(app, *words)
    assert (in_folder(app) if words else in_bucket(app)) == names - {erased}


def test_the_sweep_deletes_orphans_of_its_own_installation_only(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = submit(app, make_form(app))
    owned = attach(app, submission, "cv.pdf", b"owned").name
    move(app)
    with app.app_context():
        orphan = storage.EncryptedFile()
        orphan.finish()
        storage.publish([orphan.stored_as])
        assert storage.delete_orphans() == 0, "the request might still be running"
        monkeypatch.setattr(storage, "MIN_ORPHAN_AGE", -60)
        monkeypatch.setattr(storage, "installation_name", lambda: "another")
        assert storage.delete_orphans() == 0
        monkeypatch.undo()
        monkeypatch.setattr(storage, "MIN_ORPHAN_AGE", -60)
        assert storage.delete_orphans() == 1
    assert in_bucket(app) == {owned}


def test_a_file_whose_commit_never_came_is_swept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        file = storage.EncryptedFile()
        file.write(b"x" * 100_000)
        file.finish()
        monkeypatch.setattr(storage, "MIN_ORPHAN_AGE", -60)
        assert storage.delete_orphans() == 1
    assert in_folder(app) == set()
