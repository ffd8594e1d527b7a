"""Files in a real S3 server: shared by two hosts, encrypted, and what happens while it is unavailable."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from forms_service.health.doctor import run_checks
from tests.conftest import QUICK, MakeApp
from tests.support import servers
from tests.support.api_keys import make_key
from tests.support.definitions import PDF, file_part, multipart, text_part
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.slow

TEXT = {"message": "Hello"}
LARGE = PDF + os.urandom(7 * 2**20)
"""More than one part."""


class Hosts:
    """Two hosts, with folders of their own, on one database and one bucket."""

    def __init__(self, folder: Path, bucket: S3Server) -> None:
        self.bucket = bucket
        shared = {**QUICK, "DATABASE_URL": f"sqlite:///{folder / 'forms.db'}", "RATE_LIMIT_ENABLED": "false"}
        self.settings = {
            **shared,
            **bucket.settings(),
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        }
        self.folders = (folder / "one", folder / "two")
        servers.flask(self.folders[0], "db", "upgrade", **self.settings)
        with servers.filled(self.folders[0], self.settings) as app:
            self.key = make_key(app)
        self.one, self.two = (servers.Server(path, self.settings) for path in self.folders)
        made = self.one.post("/api/forms", json={"name": "Jobs"}, headers=self.key)
        self.form: str = made.json()["data"]["id"]

    def submit(self, *contents: bytes) -> requests.Response:
        """A submission with files, to the first host."""
        parts = [file_part("cv", f"cv{number}.pdf", content) for number, content in enumerate(contents)]
        body = multipart(text_part("email", f"{os.urandom(4).hex()}@example.com"), *parts)
        headers = {"Accept": "application/json", "Content-Type": body["content_type"]}
        return self.one.post(f"/f/{self.form}", data=body["data"], headers=headers)

    def download(self, submission: requests.Response, number: int = 1) -> requests.Response:
        """A file of it, from the second host."""
        return self.two.get(f"/api/submissions/{submission.json()['data']['id']}/files/{number}", headers=self.key)

    def health(self) -> dict[str, Any]:
        """The check of the store at the first host."""
        check: dict[str, Any] = self.one.get("/health").json()["checks"]["files"]
        return check

    def local_files(self) -> list[Path]:
        return [path for folder in self.folders for path in (folder / "files").iterdir()]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("hosts")
    bucket = S3Server(folder / "s3")
    made = Hosts(folder, bucket)
    yield made
    made.one.stop()
    made.two.stop()
    bucket.stop()


def until_accepted(submit: Callable[[], requests.Response]) -> requests.Response:
    """Its answer, once the store is used again."""
    until = time.monotonic() + servers.TIMEOUT
    while (answer := submit()).status_code == 503 and time.monotonic() < until:
        time.sleep(0.2)
    return answer


@pytest.mark.parametrize("content", [b"x", PDF, LARGE], ids=["1 byte", "small", "in parts"])
def test_one_host_stores_and_the_other_reads(hosts: Hosts, content: bytes) -> None:
    answer = hosts.submit(content)
    assert answer.status_code == 200, answer.text
    assert hosts.download(answer).content == content
    assert hosts.local_files() == []
    assert hosts.health()["status"] == "healthy"


def test_what_leaves_is_encrypted_and_erased_with_the_submission(hosts: Hosts) -> None:
    before = hosts.bucket.stored().keys()
    answer = hosts.submit(PDF, b"second")
    new = {name: content for name, content in hosts.bucket.stored().items() if name not in before}
    assert len(new) == 2
    assert all(PDF not in content and b"second" not in content for content in new.values())
    erased = requests.delete(
        f"{hosts.one.url}/api/submissions/{answer.json()['data']['id']}", headers=hosts.key, timeout=30
    )
    assert erased.status_code == 200, erased.text
    assert hosts.bucket.stored().keys() == before


def test_refused_submissions_leave_nothing(hosts: Hosts) -> None:
    before = hosts.bucket.stored().keys()
    changed = {"fields": [{"name": "email", "type": "email"}, {"name": "cv", "type": "file", "accept": ".png"}]}
    made = hosts.one.post("/api/forms", json={"name": "Pictures", **changed}, headers=hosts.key).json()["data"]["id"]
    body = multipart(text_part("email", "ann@example.com"), file_part("cv", "cv.pdf", PDF))
    headers = {"Accept": "application/json", "Content-Type": body["content_type"]}
    assert hosts.one.post(f"/f/{made}", data=body["data"], headers=headers).status_code == 422
    assert hosts.bucket.stored().keys() == before
    assert hosts.local_files() == []


@pytest.mark.parametrize("fault", ["stop", "freeze"])
def test_while_the_store_is_away_only_files_are_refused(hosts: Hosts, fault: str) -> None:
    stored = hosts.submit(PDF)
    getattr(hosts.bucket, fault)()
    try:
        refused = hosts.submit(LARGE)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        began = time.monotonic()
        assert hosts.submit(LARGE).status_code == 503, "at once: the circuit is open"
        assert time.monotonic() - began < 9, "shorter than a request to the store"
        text = hosts.one.post(f"/f/{hosts.form}", json={**TEXT, "email": f"{fault}@example.com"})
        assert text.status_code == 200, text.text
        download = hosts.download(stored)
        assert (download.status_code, download.json()["error_type"]) == (503, "ServiceUnavailableError")
        assert hosts.health()["status"] != "healthy"
        assert hosts.local_files() == []
    finally:
        (hosts.bucket.start if fault == "stop" else hosts.bucket.thaw)()
    back = until_accepted(lambda: hosts.submit(LARGE))
    assert back.status_code == 200, back.text
    assert until_accepted(lambda: hosts.download(back)).content == LARGE  # the other host tries it by itself
    assert hosts.download(stored).content == PDF
    assert hosts.health()["status"] == "healthy"
    assert "file_store_back" in hosts.one.log.read_text()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"S3_BUCKET": "missing"}, "NoSuchBucket"), ({"S3_SECRET_KEY": "wrong"}, "SignatureDoesNotMatch")],
)
def test_a_store_that_refuses_is_named(hosts: Hosts, make_app: MakeApp, wrong: dict[str, str], reason: str) -> None:
    app = make_app(**hosts.bucket.settings(**wrong))
    client = app.test_client()
    form = client.post("/api/forms", json={"name": "Jobs"}, headers=make_key(app)).json["data"]["id"]
    body = multipart(text_part("email", "ann@example.com"), file_part("cv", "cv.pdf", PDF))
    answer = client.post(f"/f/{form}", **body, headers={"Accept": "application/json"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert client.post(f"/f/{form}", json=TEXT).status_code == 200
    check = client.get("/health").json["checks"]["files"]
    assert check["status"] == "degraded"
    assert reason in check["reason"]
    with app.app_context():
        (finding,) = [finding for finding in run_checks(Path()) if finding.subject == "file store"]
    assert finding.bad
    assert reason in finding.text


def test_doctor_tries_the_store(hosts: Hosts, make_app: MakeApp) -> None:
    app = make_app(**hosts.bucket.settings(S3_PREFIX="doctor"))
    with app.app_context():
        (finding,) = [finding for finding in run_checks(Path()) if finding.subject == "file store"]
    assert (finding.verdict, finding.text) == ("ok", "S3_BUCKET stores and deletes files.")
