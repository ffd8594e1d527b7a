"""Health checks that cost money or time are not repeated at each request."""

import socketserver
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient

from forms_service.file_store.interface import FileStoreError
from forms_service.file_store.stores import current_store
from forms_service.health import recent_checks
from tests.conftest import MakeApp
from tests.support.web_server import serve_in_thread

EMPTY_BUCKET = b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"


class Bucket(ThreadingHTTPServer):
    """An S3 server that counts its requests, and perhaps refuses."""

    status, requests = 200, 0


class BucketHandler(BaseHTTPRequestHandler):
    server: Bucket

    def do_GET(self) -> None:
        self.server.requests += 1
        body = EMPTY_BUCKET if self.server.status == 200 else b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Clamd(socketserver.ThreadingTCPServer):
    """Answers PING, and counts."""

    daemon_threads = True
    reply, requests = b"PONG\0", 0


class ClamdHandler(socketserver.BaseRequestHandler):
    server: Clamd

    def handle(self) -> None:
        self.server.requests += 1
        self.request.recv(100)
        self.request.sendall(self.server.reply)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket(("127.0.0.1", 0), BucketHandler) as server:
        serve_in_thread(server)
        yield server
        server.shutdown()


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    with Clamd(("127.0.0.1", 0), ClamdHandler) as server:
        serve_in_thread(server)
        yield server
        server.shutdown()


@pytest.fixture
def client(make_app: MakeApp, bucket: Bucket, clamd: Clamd) -> FlaskClient:
    store = {"S3_ENDPOINT": f"http://127.0.0.1:{bucket.server_port}", "S3_BUCKET": "forms"}
    keys = {"S3_ACCESS_KEY": "KEYID", "S3_SECRET_KEY": "SECRETKEY"}
    return make_app(**store, **keys, CLAMD=f"127.0.0.1:{clamd.server_address[1]}").test_client()


def test_bucket_and_scanner_are_asked_once(client: FlaskClient, bucket: Bucket, clamd: Clamd) -> None:
    for path in ("/health", "/health/live", "/health/ready", "/health"):
        assert client.get(path).status_code == 200
    assert (bucket.requests, clamd.requests) == (1, 1)
    health = client.get("/health").json["checks"]
    assert [health[name]["status"] for name in ("files", "virus_scanner")] == ["healthy"] * 2


def test_live_and_ready_ask_neither(client: FlaskClient, bucket: Bucket, clamd: Clamd) -> None:
    client.get("/health/live")
    client.get("/health/ready")
    assert (bucket.requests, clamd.requests) == (0, 0)


def test_a_failure_is_noticed_and_forgotten_early(
    client: FlaskClient, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_checks, "FAILURE_TTL", 0)
    bucket.status = 403
    assert client.get("/health").json["checks"]["files"]["reason"] == "The store answers AccessDenied."
    bucket.status = 200
    assert client.get("/health").json["checks"]["files"]["status"] == "healthy"
    bucket.status = 403
    assert client.get("/health").json["checks"]["files"]["status"] == "healthy", "remembered"
    with client.application.app_context(), pytest.raises(FileStoreError):
        list(current_store().names(0))
    assert client.get("/health").json["checks"]["files"]["status"] == "degraded", "a request has failed since"


def test_a_scanner_that_fails_is_not_asked_at_each_request_either(
    client: FlaskClient, clamd: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_checks, "FAILURE_TTL", 60)
    clamd.reply = b"no\0"
    for _ in range(3):
        assert client.get("/health").json["checks"]["virus_scanner"]["status"] == "degraded"
    assert clamd.requests == 1
