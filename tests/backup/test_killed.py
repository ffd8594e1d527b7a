"""Backups and restores that are killed or cut off: the same command succeeds the next time."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from forms_service.extensions import db
from forms_service.submissions.models import Submission
from tests.support import servers, stored
from tests.support.backups import Instance
from tests.support.visitors import form_for

SUBMISSIONS = 60
"""More than the cache that `KILLED` leaves, so that pages are in the file before the commit."""

KILLED = """
import os, signal, sys
from forms_service import cli
from forms_service.backup import archive, place, unsent
from wsgi import app
place.SQLITE_CACHE_KIB = 16
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
unsent.hold = archive.ArchiveWriter.finish = kill  # the last steps of each
app.test_cli_runner().invoke(getattr(cli, sys.argv[1]), sys.argv[2:])
"""

pytestmark = pytest.mark.slow


def kill(instance: Instance, *words: str) -> None:
    """Run a command that is killed at its last step."""
    settings = {**instance.settings, "INSTANCE_PATH": str(instance.folder)}
    command = (sys.executable, "-c", KILLED, *words)
    environment = servers.environment(instance.folder, settings)
    done = subprocess.run(command, cwd=servers.HOME, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    instance = Instance(tmp_path_factory.mktemp("killed") / "source")
    with instance.app() as app:
        form_id = form_for(app)
        for number in range(SUBMISSIONS):
            stored.submit(app, form_id, {"text": f"{number} " * 1000})
    return instance


@pytest.fixture(scope="module")
def file(source: Instance) -> Path:
    return source.back_up()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_killed_restore_leaves_nothing_and_is_repeated(
    source: Instance, file: Path, tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    target = Instance(tmp_path / "target", url, keys_of=source)
    kill(target, "restore", str(file))
    if database == "sqlite":
        assert (target.folder / "forms.db-journal").stat().st_size, "pages of the transaction are in the file"
    target.restore(file)
    with target.app() as app, app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Submission)) == SUBMISSIONS


def test_a_killed_backup_has_no_name_yet_and_is_repeated(source: Instance, tmp_path: Path) -> None:
    path = tmp_path / "forms.tar"
    kill(source, "backup", str(path))
    assert [left.name for left in tmp_path.iterdir()] == ["forms.tar.unfinished"]
    assert source.run("backup", str(path)).returncode == 0
    assert [left.name for left in tmp_path.iterdir()] == ["forms.tar"]


def test_a_reader_that_goes_away_is_named(source: Instance) -> None:
    command = (servers.BIN / "flask", "backup", "-")
    environment = servers.environment(source.folder, {**source.settings, "INSTANCE_PATH": str(source.folder)})
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=servers.HOME, env=environment, **pipes) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
    assert process.returncode == 1
    assert "could not be written to standard output: Broken pipe." in errors
    assert "Traceback" not in errors
