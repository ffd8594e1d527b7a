"""`python -m benchmarks.inbox [ROWS]`: the inbox of a form with that many submissions, beside one with a thousand."""

import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.servers import Running, running
from forms_service.accounts import service
from forms_service.accounts.guards import token_hash
from forms_service.accounts.models import SCOPES, ApiKey
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion
from forms_service.submissions.models import Submission

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
FEW = 1000
BATCH = 10_000
KEY = "fs_benchmark"
SMALL, LARGE = "small-form-00000", "large-form-00000"
FIELDS = ("name", "email", "phone", "subject", "message")
MESSAGE = "Good morning, I saw your site and would like to know what it costs to have one made like it. " * 2


def fill(folder: str) -> None:
    """Two forms of one owner, with FEW and with ROWS submissions of five fields."""
    os.environ |= {"INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING"}
    app = create_app(load_settings(Path(folder)))
    with app.app_context():
        person = service.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
        account = service.create(person, role="owner", status="active")
        fields = [{"name": name, "type": "text", "label": name.title()} for name in FIELDS]
        with write_session():
            db.session.add(
                ApiKey(account_id=account.id, name="benchmark", scopes=" ".join(SCOPES), hash=token_hash(KEY))
            )
            for form_id in (SMALL, LARGE):
                db.session.add(Form(id=form_id, owner_id=account.id, name=form_id, settings="{}", version=1))
                db.session.flush()
                db.session.add(FormVersion(form_id=form_id, number=1, fields=fields))
            db.session.commit()
        started = time.perf_counter()
        for form_id, count in ((SMALL, FEW), (LARGE, ROWS)):
            for first in range(0, count, BATCH):
                with write_session():
                    batch = range(first, min(first + BATCH, count))
                    db.session.add_all(Submission(**submission(form_id, number, count)) for number in batch)
                    db.session.commit()
        print(f"filled with {ROWS:,} rows in {time.perf_counter() - started:.0f} s", flush=True)


def submission(form_id: str, number: int, count: int) -> dict[str, Any]:
    """One of `count`, sent a minute after the one before, the last of them now."""
    data = {
        "name": f"Ann Example {number}",
        "email": f"ann{number}@example.com",
        "phone": f"+49 170 {number:07}",
        "subject": "A question",
        "message": MESSAGE,
    }
    return {
        "id": new_id(),
        "form_id": form_id,
        "form_version": 1,
        "status": "inbox",
        "read": number % 10 != 0,
        "data": json.dumps(data),
        "spam_reasons": "",
        "content_hash": number.to_bytes(32),
        "fingerprint": number.to_bytes(32),
        "created_at": now() - timedelta(minutes=count - number),
    }


class Client:
    """Asks the server, with the owner's key."""

    def __init__(self, server: Running) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)

    def ask(self, path: str, body: Any = None) -> http.client.HTTPResponse:
        """The answer, to be read."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        self._connection.request("POST" if body else "GET", path, body and json.dumps(body), headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {answer.read()!r}")
        return answer

    def timed(self, path: str, body: Any = None) -> tuple[float, Any]:
        """Milliseconds of one answer, and what it says."""
        started = time.perf_counter()
        answer = json.load(self.ask(path, body))
        return (time.perf_counter() - started) * 1000, answer


def pages(client: Client) -> None:
    """The first page of each form, and the counts."""
    for name, path in (("first page", "submissions"), ("unread only", "submissions?unread=true"), ("counts", "stats")):
        for form in (SMALL, LARGE):
            took = [client.timed(f"/api/forms/{form}/{path}")[0] for _ in range(51)][1:]
            print(f"{name + ', ' + form[:5]:24}median {statistics.median(took):8.2f} ms, worst {max(took):8.2f} ms")


def searches(client: Client) -> None:
    """Every page of a search that finds nothing, and so looks at everything."""
    took, cursor = [], None
    while cursor or not took:
        body = {"q": "nothing like it"} | ({"cursor": cursor} if cursor else {})
        milliseconds, answer = client.timed(f"/api/forms/{LARGE}/submissions/search", body)
        took.append(milliseconds)
        cursor = answer["meta"]["next"]
    print(f"search for nothing: {len(took)} pages, longest {max(took):.0f} ms, {ROWS / sum(took) * 1000:,.0f} rows/s")


def exports(client: Client, worker: psutil.Process) -> None:
    """Every format: rows a second, and how much memory the worker took on meanwhile."""
    for kind in ("csv", "jsonl", "xlsx"):
        before, peak = worker.memory_info().rss, [0]
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(worker, peak, done))
        watch.start()
        started = time.perf_counter()
        answer = client.ask(f"/api/forms/{LARGE}/export?format={kind}")
        answer.read(1)
        first = time.perf_counter() - started
        size = sum(map(len, _chunks(answer)))
        seconds = time.perf_counter() - started
        done.set()
        watch.join()
        grown = (peak[0] - before) / 2**20
        print(
            f"{kind:6}{ROWS / seconds:10,.0f} rows/s, first byte after {first:.2f} s, {size / 2**20:,.0f} MiB in "
            f"{seconds:.1f} s; worker at {peak[0] / 2**20:.0f} MB, {grown:+.0f}",
            flush=True,
        )


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read(2**20):
        yield chunk


def _watch(worker: psutil.Process, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.05):
        peak[0] = max(peak[0], worker.memory_info().rss)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        with running("wsgi:app", "/health/live", INSTANCE_PATH=folder, RATE_LIMIT_ENABLED="false") as server:
            client = Client(server)
            pages(client)
            searches(client)
            exports(client, server.worker)
