"""kill -9 under load: every acknowledged submission is stored whole, once."""

import itertools
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import QUICK
from tests.support import servers
from tests.support.servers import Server

KILLS = int(os.environ.get("TEST_KILLS", "1"))
"""Number of kills; TEST_KILLS=50 is the whole trial."""

VISITORS = 8
PASSWORD = "Correct-horse-7"

pytestmark = pytest.mark.slow


class Visitors:
    """People who send as fast as they are answered, each with something of their own."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, str] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._gone = threading.Event()

    def send(self, server: Server, form: str, until_killed: Callable[[], None]) -> None:
        """Let them all send while `until_killed` runs."""
        self._gone.clear()
        threads = [threading.Thread(target=self._visit, args=(f"{server.url}/f/{form}",)) for _ in range(VISITORS)]
        for thread in threads:
            thread.start()
        until_killed()
        self._gone.set()
        for thread in threads:
            thread.join()

    def _visit(self, url: str) -> None:
        browser = requests.Session()
        while not self._gone.is_set():
            number = next(self._numbers)
            text = f"submission {number} " + "x" * (number % 500)
            files = {"file": ("note.txt", text)} if number % 5 == 0 else None
            try:
                answer = browser.post(url, data={"text": text}, files=files, headers={"Accept": "application/json"})
            except requests.RequestException:
                return
            if answer.status_code == 200:
                with self._lock:
                    self.acknowledged[answer.json()["data"]["id"]] = text


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_there_whole_and_once(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    settings = {**QUICK, "RATE_LIMIT_ENABLED": "false", "LOG_LEVEL": "WARNING"}
    if database == "postgresql":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres_url")
    servers.in_process(
        tmp_path, "accounts", "create", "olga@example.com", "--role", "owner", stdin=PASSWORD, **settings
    )
    made = servers.in_process(tmp_path, "forms", "create", "Contact", "--owner", "olga@example.com", **settings)
    form = made.stdout.partition("/f/")[2][:16]
    visitors = Visitors()
    for _ in range(KILLS):
        server = Server(tmp_path, settings)

        def kill_soon(server: Server = server, enough: int = len(visitors.acknowledged) + 2) -> None:
            until = time.monotonic() + servers.TIMEOUT
            while len(visitors.acknowledged) < enough and time.monotonic() < until:  # a busy machine begins slowly
                time.sleep(0.01)
            time.sleep(random.uniform(0.0, 0.7))
            server.kill()

        visitors.send(server, form, kill_soon)
    server = Server(tmp_path, settings)
    try:
        check_all(server, form, visitors.acknowledged)
    finally:
        server.stop()


def check_all(server: Server, form: str, acknowledged: dict[str, str]) -> None:
    """Everything that was acknowledged, and nothing twice."""
    tokens = server.post("/api/login", json={"email": "olga@example.com", "password": PASSWORD}).json()["data"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    exported = server.get(f"/api/forms/{form}/export?format=jsonl", headers=headers).text
    submissions: dict[str, Any] = {row["id"]: row for row in map(json.loads, exported.splitlines())}
    assert len(acknowledged) > KILLS
    assert {identity: submissions[identity]["data"]["text"] for identity in acknowledged} == acknowledged
    assert max(Counter(row["data"]["text"] for row in submissions.values()).values()) == 1
    with_files = [identity for identity in acknowledged if int(acknowledged[identity].split()[1]) % 5 == 0]
    for identity in random.sample(with_files, min(40, len(with_files))):
        file = server.get(
            f"/api/submissions/{identity}/files/{submissions[identity]['files'][0]['number']}", headers=headers
        )
        assert (file.status_code, file.text) == (200, acknowledged[identity])
