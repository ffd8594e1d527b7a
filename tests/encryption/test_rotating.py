"""`flask keys rotate --data`: while the service runs, with progress, resumed after a kill."""

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from forms_service import cli
from forms_service.commands import keys
from forms_service.encryption import keyring, rotation, wrapped_keys
from tests.conftest import QUICK, MakeApp
from tests.support import servers

PASSWORD = "Correct-horse-7"
MakeForm = Callable[..., str]


@pytest.fixture
def filled(make_app: MakeApp, key_of: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Flask:
    app = make_app(RATE_LIMIT_ENABLED="false")
    client, headers = app.test_client(), key_of(app, "olga@example.com")
    form = client.post("/api/forms", json={"name": "Contact", "fields": []}, headers=headers).json["data"]["id"]
    for number in range(7):
        assert client.post(f"/f/{form}", json={"text": f"number {number}"}).status_code == 200
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)
    monkeypatch.setattr(rotation, "BATCH_SIZE", 2)
    return app


def rotate(app: Flask) -> str:
    done = app.test_cli_runner().invoke(cli.keys, ["rotate", "--data"])
    assert done.exit_code == 0, done.output
    return done.output


def test_says_how_many_rows_are_done_and_left_and_for_how_long(filled: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "REPORT_INTERVAL", math.inf)  # once for each pass, however slow the machine is
    output = rotate(filled)
    with filled.app_context():
        assert rotation.count_stale() == 0
        assert wrapped_keys.is_reencrypted(2)
    counts = re.findall(r"^([\d,]+) rows done, ([\d,]+) left, about (\d+) s$", output, re.MULTILINE)
    assert int(counts[0][0]) >= 15, "seven submissions, seven messages about them, a form, an account"
    assert {left for _, left, _ in counts} == {"0"}
    assert "Everything is under the new data key." in output


def test_goes_on_by_itself_where_it_was_killed(filled: Flask) -> None:
    with filled.app_context():
        assert rotation.begin() == (2, False)
        next(rotation.reencrypt())
        left = rotation.count_stale()
    output = rotate(filled)
    assert "Continuing the unfinished rotation: data key 2" in output
    assert f"{left} rows done" in output
    assert "Data key 3" in rotate(filled), "finished, the next one is a new one"


def test_the_service_goes_on_with_it_as_well(filled: Flask) -> None:
    with filled.app_context():
        rotation.begin()
        assert "re-encryption" in filled.extensions["tasks"]
        for _ in range(2):
            filled.extensions["tasks"]["re-encryption"].function()
        assert wrapped_keys.is_reencrypted(2)
        assert rotation.count_stale() == 0


def test_it_is_not_finished_while_another_process_may_write_under_the_old_key(
    filled: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", 30)
    with filled.app_context():
        rotation.begin()
        assert list(rotation.reencrypt()), "the command, killed while it waits for the other processes"
        rotation.continue_in_background()
        assert not wrapped_keys.is_reencrypted(2)
        monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)
        rotation.continue_in_background()
        assert wrapped_keys.is_reencrypted(2)


@pytest.mark.slow
def test_no_submission_is_refused_meanwhile(tmp_path: Path) -> None:
    settings = {**QUICK, "RATE_LIMIT_ENABLED": "false", "LOG_LEVEL": "WARNING"}
    servers.in_process(
        tmp_path, "accounts", "create", "olga@example.com", "--role", "owner", stdin=PASSWORD, **settings
    )
    made = servers.in_process(tmp_path, "forms", "create", "Contact", "--owner", "olga@example.com", **settings)
    form = made.stdout[:16]
    server = servers.Server(tmp_path, settings)
    answers: Counter[int] = Counter()
    rotated = threading.Event()

    def send() -> None:
        while not rotated.is_set():
            answers[server.post(f"/f/{form}", json={"text": f"number {answers.total()}"}).status_code] += 1
            time.sleep(0.02)  # visitors, not a flood: on a busy machine it would starve the other process

    visitors = [threading.Thread(target=send) for _ in range(4)]
    try:
        for visitor in visitors:
            visitor.start()
        script = (
            "from wsgi import app\n"
            "from forms_service.encryption import rotation\n"
            "with app.app_context():\n"
            "    for _ in range(3):\n"
            "        rotation.start_data_key()\n"
            "        print([so_far.done for so_far in rotation.reencrypt()][-1])\n"
        )
        done = servers.python(tmp_path, script, INSTANCE_PATH=str(tmp_path), **settings)
    finally:
        rotated.set()
        for visitor in visitors:
            visitor.join()
        server.stop()
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 10
    assert set(answers) == {200}
