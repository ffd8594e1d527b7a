"""An import that is killed in the middle of a batch: the same command continues it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import QUICK
from tests.imports.conftest import prepare, run_import, stored
from tests.support import servers
from tests.support.stored import make_form

BATCHES = 3
NUMBER = 1000

KILLED = f"""
import os, signal, sys
from forms_service import cli
from forms_service.imports import storage
from wsgi import app
insert_rows, calls = storage.insert_rows, []
def killed(*arguments):
    insert_rows(*arguments)  # not committed yet
    calls.append(1)
    if len(calls) == {BATCHES}:
        os.kill(os.getpid(), signal.SIGKILL)
storage.insert_rows = killed
app.test_cli_runner().invoke(cli.import_file, sys.argv[1:])
"""

pytestmark = pytest.mark.slow


def test_a_killed_import_continues_without_a_loss_or_a_repetition(app: Flask, tmp_path: Path) -> None:
    form_id = make_form(prepare(app))
    path = tmp_path / "answers.csv"
    path.write_text("number\n" + "\n".join(map(str, range(NUMBER))))
    environment = servers.environment(tmp_path, {**QUICK, "INSTANCE_PATH": app.instance_path})
    words = (sys.executable, "-c", KILLED, str(path), "--form", form_id)
    done = subprocess.run(words, cwd=servers.HOME, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    assert len(stored(app, form_id)) == 400 * (BATCHES - 1)
    again = run_import(app, path, "--form", form_id)
    assert f"{NUMBER - 800} answers imported, 800 were there already" in again.output
    assert sorted(int(json.loads(row.data)["number"]) for row in stored(app, form_id)) == list(range(NUMBER))
