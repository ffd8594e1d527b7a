"""A backup of a service that goes on taking submissions, restored on the other database."""

import itertools
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_keys import make_key
from tests.support.backups import QUICK, Instance
from tests.support.definitions import PDF
from tests.support.servers import Server
from tests.support.visitors import form_for

pytestmark = pytest.mark.slow

FIELDS = [{"name": "message", "type": "textarea"}, {"name": "cv", "type": "file", "accept": ".pdf"}]
MIN_BEFORE, MIN_SINCE = 10, 5
"""Submissions acknowledged before the backup starts, and while it runs."""


class Visitors:
    """Keep submitting, and note what was acknowledged."""

    def __init__(self, server: Server, form_id: str) -> None:
        self._server, self._form_id = server, form_id
        self._stopping = threading.Event()
        self._reached: dict[int, threading.Event] = {}
        self.acknowledged: dict[str, str] = {}
        self._thread = threading.Thread(target=self._submit)
        self._thread.start()

    def _submit(self) -> None:
        for number in itertools.count():
            message = f"Number {number} – ä€😀"
            files: Any = {"cv": ("cv.pdf", PDF + str(number).encode(), "application/pdf")}
            answer = self._server.post(f"/f/{self._form_id}", data={"message": message}, files=files)
            self.acknowledged[answer.json()["data"]["id"]] = message
            for event in [event for count, event in self._reached.items() if count <= len(self.acknowledged)]:
                event.set()
            if self._stopping.is_set():
                return

    def wait_for(self, count: int) -> None:
        event = self._reached.setdefault(count, threading.Event())
        assert event.wait(60)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()


@pytest.mark.parametrize("source_name", ["sqlite", "postgresql"])
def test_everything_acknowledged_before_is_readable_on_the_other_database(
    source_name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres_url")
    on_postgresql = source_name == "postgresql"
    source = Instance(tmp_path / "source", url if on_postgresql else None)
    with source.app() as app:
        key = make_key(app)
        form_id = form_for(app, FIELDS)
    server = Server(source.folder, {**QUICK, **source.settings, "RATE_LIMIT_ENABLED": "false"})
    visitors = Visitors(server, form_id)
    try:
        visitors.wait_for(MIN_BEFORE)
        before = dict(visitors.acknowledged)
        file = source.back_up()
        visitors.wait_for(len(before) + MIN_SINCE)
    finally:
        visitors.stop()
        server.stop()
    assert file.stat().st_mode & 0o777 == 0o600

    target = Instance(tmp_path / "target", None if on_postgresql else url, keys_of=source)
    if not on_postgresql:
        assert "not empty" in Instance(tmp_path / "source").refuses(file)
    output = target.restore(file)
    assert "Not sent, since they may have been sent" in output
    with target.app() as app:
        client = app.test_client()

        def get(path: str) -> Any:
            answer = client.get(path, headers=key)
            assert answer.status_code == 200, (path, answer.text)
            return answer

        for number, (submission_id, message) in enumerate(before.items()):
            submission = get(f"/api/submissions/{submission_id}").json["data"]
            assert submission["data"]["message"] == message
            (attached,) = submission["files"]
            assert (
                get(f"/api/submissions/{submission_id}/files/{attached['number']}").data == PDF + str(number).encode()
            )
        assert client.post(f"/f/{form_id}", json={"message": "The restored service takes more"}).status_code == 200
    assert target.run("doctor").stdout.count("BAD") == 0


def test_a_backup_is_the_same_after_moving_there_and_back(tmp_path: Path, postgres_url: str) -> None:
    from_sqlite = Instance(tmp_path / "first")
    with from_sqlite.app() as app:
        make_key(app)
        form_id = form_for(app, FIELDS)
        assert app.test_client().post(f"/f/{form_id}", json={"message": "ä€😀"}).status_code == 200
    first = from_sqlite.back_up()
    on_postgresql = Instance(tmp_path / "second", postgres_url, keys_of=from_sqlite)
    on_postgresql.restore(first, "--moving")
    back_on_sqlite = Instance(tmp_path / "third", keys_of=from_sqlite)
    back_on_sqlite.restore(on_postgresql.back_up(), "--moving")
    assert members(first) == members(back_on_sqlite.back_up())


def members(file: Path) -> dict[str, bytes]:
    """The members that hold data: rows and files."""
    with tarfile.open(file) as archive:
        return {
            member.name: content.read()
            for member in archive
            if "/" in member.name and (content := archive.extractfile(member))
        }
