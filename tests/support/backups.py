"""Instances that are backed up and restored into, by the commands that operators type."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from forms_service.backup import snapshot
from forms_service.database import migrations
from forms_service.database.transactions import write_connection
from tests.support import servers, stored, visitors

QUICK = {"ENVIRONMENT": "testing", "BCRYPT_ROUNDS": "4", "LOG_LEVEL": "ERROR"}
KEYS = ("secret_key", "encryption_keys")
OLD_REVISION = "0016"
"""Of the backup that an earlier version made."""

OLD_KEYS = {
    "SECRET_KEY": "SNNxhG1rg2fZd1wYAnCWOHnllSHsskGgbyBQZJnYBWM=",
    "ENCRYPTION_KEYS": "wEAvUyWJnyhLmujVY1sqCM9c35/lW+WgwKJa3jrSNcI=",
}
PDF = b"%PDF-1.4 of an earlier version"


class Instance:
    """An instance folder with its settings, and perhaps PostgreSQL."""

    def __init__(self, folder: Path, postgres_url: str | None = None, *, keys_of: "Instance | None" = None) -> None:
        self.folder = folder
        self.settings = {**QUICK, **({"DATABASE_URL": postgres_url} if postgres_url else {})}
        folder.mkdir(exist_ok=True)
        if keys_of:
            for name in KEYS:
                shutil.copy(keys_of.folder / name, folder)

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return servers.in_process(self.folder, *words, **{**self.settings, **settings})

    @contextmanager
    def app(self) -> Iterator[Flask]:
        with servers.filled(self.folder, self.settings) as app:
            yield app

    def back_up(self, name: str = "forms.tar") -> Path:
        file = self.folder / name
        done = self.run("backup", str(file))
        assert done.returncode == 0, done.stderr
        return file

    def restore(self, file: Path, *options: str) -> str:
        done = self.run("restore", *options, str(file))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuses(self, file: Path, *options: str) -> str:
        """The error of a restore that fails."""
        done = self.run("restore", *options, str(file))
        assert done.returncode == 1, done.stdout
        return done.stderr


def write_old_backup(folder: Path, out: Any) -> None:
    """Write a backup as of OLD_REVISION, with a submission and its file."""
    app = servers.build_app(folder, {**QUICK, **OLD_KEYS})
    form_id = visitors.form_for(app, visitors.CONTACT)
    submission_id = stored.submit(app, form_id, visitors.ANN, people=["ann@example.com"])
    stored.attach(app, submission_id, "cv.pdf", PDF)
    with app.app_context():
        with write_connection() as connection:
            migrations.move_to(connection, OLD_REVISION)
        snapshot.write(out, with_files=True, progress=lambda *_: None)


if __name__ == "__main__":
    # python -m tests.support.backups NEW_FOLDER > tests/backup/revision_0016.tar
    write_old_backup(Path(sys.argv[1]), sys.stdout.buffer)
