"""Visitors who send, and the ledger of what they were told: compared with what the owner can export."""

import itertools
import json
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.faults.service import Service

VISITORS = 6
PAUSE = 0.03
"""Seconds of each visitor between two submissions: faults are tried far below the capacity."""

RETRY_PAUSE = 0.1
ANSWER_TIMEOUT = 30
FILE_EVERY = 5
FILE_SIZE = 100_000
"""Bytes: more than the server keeps in memory."""

MAX_FILES_READ = 15


@dataclass(frozen=True)
class Answer:
    """Status 0 is a connection that broke."""

    sent_at: float
    answered_at: float
    status: int
    retry_after: str | None


@dataclass
class Entry:
    number: int
    text: str
    has_file: bool

    @property
    def file(self) -> bytes:
        return random.Random(self.number).randbytes(FILE_SIZE)


@dataclass
class Comparison:
    acknowledged: int
    lost: int
    altered: int
    doubled: int

    @property
    def flawless(self) -> bool:
        return not (self.lost or self.altered or self.doubled)


@dataclass
class Ledger:
    service: Service
    form: str
    acknowledged: dict[str, Entry] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _refused: "queue.SimpleQueue[Entry]" = field(default_factory=queue.SimpleQueue)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Visitors send; in the end each sends again what was refused, with the same key."""
        self._stopping.clear()
        threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(VISITORS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def _visit(self) -> None:
        browser = requests.Session()
        browser.trust_env = False
        while not self._stopping.is_set():
            number = next(self._numbers)
            entry = Entry(number, f"submission {number} {random.randbytes(20).hex()}", number % FILE_EVERY == 0)
            accepted = self._send(browser, entry)
            self._stopping.wait(PAUSE if accepted else RETRY_PAUSE)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while time.monotonic() < deadline:
            try:
                entry = self._refused.get_nowait()
            except queue.Empty:
                return
            self._send(browser, entry)

    def _send(self, browser: requests.Session, entry: Entry) -> bool:
        body: dict[str, Any] = {"data": {"text": entry.text}}
        if entry.has_file:
            body["files"] = {"file": ("a.bin", entry.file)}
        headers = {"Accept": "application/json", "Idempotency-Key": str(entry.number)}
        sent_at = time.monotonic()
        status, identity, retry_after = 0, "", None
        try:
            url = f"{self.service.url}/f/{self.form}"
            response = browser.post(url, headers=headers, timeout=ANSWER_TIMEOUT, **body)
            status, retry_after = response.status_code, response.headers.get("Retry-After")
            if status == 200:
                identity = response.json()["data"]["id"]
        except requests.RequestException:
            browser.close()
        self.answers.append(Answer(sent_at, time.monotonic(), status, retry_after))
        if status == 200:
            self.acknowledged[identity] = entry
        else:
            self._refused.put(entry)
        return status == 200

    def compare(self) -> Comparison:
        """Read everything back through the API."""
        export = self.service.call("GET", f"/api/forms/{self.form}/export?format=jsonl")
        assert export.status_code == 200, export.text
        rows: dict[str, Any] = {row["id"]: row for row in map(json.loads, export.text.splitlines())}
        texts = Counter(row["data"]["text"] for row in rows.values())
        present = {identity: entry for identity, entry in self.acknowledged.items() if identity in rows}
        altered = sum(rows[identity]["data"]["text"] != entry.text for identity, entry in present.items())
        with_files = [(identity, entry) for identity, entry in present.items() if entry.has_file]
        for identity, entry in random.sample(with_files, min(MAX_FILES_READ, len(with_files))):
            altered += self._read_file(identity, rows[identity]["files"]) != entry.file
        return Comparison(
            acknowledged=len(self.acknowledged),
            lost=len(self.acknowledged) - len(present),
            altered=altered,
            doubled=sum(count - 1 for count in texts.values()),
        )

    def _read_file(self, identity: str, files: list[dict[str, Any]]) -> bytes:
        if not files:
            return b""
        return self.service.call("GET", f"/api/submissions/{identity}/files/{files[0]['number']}").content
