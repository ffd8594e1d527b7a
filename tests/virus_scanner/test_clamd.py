"""Files scanned by a real clamd on their way in, held back if it finds something, and clamd's own failures."""

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.health.doctor import run_checks
from forms_service.notifications.mail_files import load_files, show_files
from forms_service.notifications.mail_options import MailOptions
from forms_service.submissions import rescan as rescan_module
from forms_service.submissions.rescan import rescan
from forms_service.virus_scanner import clamd as client_module
from forms_service.virus_scanner.clamd import Scanner
from tests.conftest import MakeApp
from tests.support.api_keys import make_key
from tests.support.clamd import MAX_STREAM, NAME, THREAT, Clamd
from tests.support.definitions import PDF, file_part, multipart, text_part

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    daemon = Clamd(tmp_path_factory.mktemp("clamd"))
    yield daemon
    daemon.stop()


class Service:
    """A service with a form, and its owner."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.key = make_key(app)
        self.client: FlaskClient = app.test_client()
        made = self.client.post("/api/forms", json={"name": "Jobs"}, headers=self.key)
        self.form = made.json["data"]["id"]

    def submit(self, *contents: bytes) -> dict[str, Any]:
        """The stored submission, as its owner sees it."""
        parts = [file_part("cv", f"cv{number}.pdf", content) for number, content in enumerate(contents)]
        body = multipart(text_part("email", "ann@example.com"), text_part("text", str(contents)[:50]), *parts)
        answer = self.client.post(f"/f/{self.form}", **body, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.json
        return self.show(answer.json["data"]["id"])

    def show(self, submission_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.client.get(f"/api/submissions/{submission_id}", headers=self.key).json["data"]
        return shown

    def download(self, submission: dict[str, Any], query: str = "") -> Any:
        return self.client.get(f"/api/submissions/{submission['id']}/files/1{query}", headers=self.key)

    def health(self) -> Any:
        return self.client.get("/health").json["checks"]["virus_scanner"]


@pytest.fixture
def service(make_app: MakeApp, clamd: Clamd) -> Service:
    return Service(make_app(CLAMD=str(clamd.socket), RATE_LIMIT_ENABLED="false"))


def scans(submission: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(file["scan"], file["threat"]) for file in submission["files"]]


def test_a_clean_file_is_delivered_as_ever(service: Service) -> None:
    submission = service.submit(PDF, PDF + bytes(200_000))
    assert (submission["status"], scans(submission)) == ("inbox", [("clean", None)] * 2)
    assert service.download(submission).data == PDF
    assert service.health()["status"] == "healthy"
    with service.app.app_context():
        assert {finding.verdict for finding in run_checks(Path()) if finding.subject == "scanner"} == {"ok"}


def test_an_infected_file_is_held_back_and_never_lost(service: Service) -> None:
    infected = bytes(70_000) + THREAT + bytes(10)
    submission = service.submit(infected, PDF)
    assert (submission["status"], submission["spam_reasons"]) == ("spam", ["infected"])
    assert submission["data"]["email"] == "ann@example.com"
    assert scans(submission) == [("infected", NAME), ("clean", None)]
    refused = service.download(submission)
    assert refused.status_code == 403
    assert NAME in refused.json["message"]
    assert service.download(submission, "?infected=true").data == infected
    assert service.download(submission, "?infected=yes").status_code == 422
    with service.app.app_context():
        files = load_files(uuid.UUID(submission["id"]))
        options = MailOptions(files="attach")
        _, attachments = show_files(files, {}, options)
    assert [attachment.content for attachment in attachments] == [PDF]


def test_a_file_above_clamds_limit_is_accepted_and_flagged(service: Service) -> None:
    submission = service.submit(PDF + bytes(3 * MAX_STREAM))
    assert (submission["status"], scans(submission)) == ("inbox", [("not_scanned", None)])
    assert scans(service.submit(PDF)) == [("clean", None)], "the circuit stays closed"


@pytest.mark.parametrize("fault", ["stop", "freeze"])
def test_without_clamd_files_are_accepted_flagged_and_scanned_later(
    service: Service, clamd: Clamd, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "VERDICT_TIMEOUT", 1.0)
    getattr(clamd, fault)()
    try:
        infected, clean = service.submit(THREAT), service.submit(PDF)
        assert [scans(infected), scans(clean)] == [[("not_scanned", None)]] * 2
        assert service.health()["status"] == "degraded"
        assert service.download(infected).status_code == 200
        with service.app.app_context():
            assert rescan() == 0
            assert {finding.verdict for finding in run_checks(Path()) if finding.subject == "scanner"} == {"BAD"}
    finally:
        (clamd.start if fault == "stop" else clamd.thaw)()
    with service.app.app_context():
        assert rescan() == 2
    assert scans(service.show(clean["id"])) == [("clean", None)]
    assert scans(service.show(infected["id"])) == [("infected", NAME)]
    assert service.download(infected).status_code == 403
    assert service.health()["status"] == "healthy"


def test_files_that_are_never_scanned_keep_no_other_waiting(
    service: Service, clamd: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    clamd.stop()
    try:
        clean, _ = service.submit(PDF), service.submit(PDF + bytes(3 * MAX_STREAM))
    finally:
        clamd.start()
    monkeypatch.setattr(rescan_module, "BATCH", 1)
    with service.app.app_context():
        assert any(rescan() for _ in range(100))
    assert scans(service.show(clean["id"])) == [("clean", None)]


REPLIES: dict[str, Callable[[socket.socket], object]] = {
    "garbage": lambda connection: (connection.recv(100), connection.sendall(b"\xff\xfe nonsense\0")),
    "nothing": lambda connection: connection.recv(100),
    "endless": lambda connection: (connection.recv(100), connection.sendall(b"x" * 10_000)),
    "an error": lambda connection: (connection.recv(100), connection.sendall(b"Can't allocate memory ERROR\0")),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_other_answers_are_no_verdict(app: Flask, reply: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, app.app_context():

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                REPLIES[reply](connection)

        thread = threading.Thread(target=answer)
        thread.start()
        scan = Scanner(("127.0.0.1", listener.getsockname()[1])).scan()
        scan.write(bytes(100))
        assert scan.finish().status == "not_scanned"
        thread.join()
