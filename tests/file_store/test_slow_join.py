"""A store that takes its time to join the parts of a large upload, as busy ones do."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from forms_service.config import load_settings
from forms_service.file_store import s3
from forms_service.file_store.folder import Folder
from forms_service.file_store.s3 import S3Store
from tests.support.web_server import serve_in_thread

NAME = "01234567-89ab-cdef-0123-456789abcdef"
REQUEST_SECONDS, JOIN_SECONDS = 1.0, 1.5


class SlowHandler(BaseHTTPRequestHandler):
    """Takes parts at once and joins them slowly."""

    joined: bool = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploadId" not in self.path:
            self._answer(b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
            return
        time.sleep(JOIN_SECONDS)
        self._answer(b'<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>')
        SlowHandler.joined = True

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowHandler) as server:
        serve_in_thread(server)
        yield server.server_port
        server.shutdown()


def test_a_large_file_is_given_the_time_to_be_joined(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "REQUEST_TIMEOUT", timedelta(seconds=REQUEST_SECONDS))
    monkeypatch.setattr(s3, "JOINED_BYTES", 2**18)
    settings = {"S3_ENDPOINT": f"http://127.0.0.1:{port}", "S3_BUCKET": "forms", "INSTANCE_PATH": str(tmp_path)}
    for name, value in {**settings, "S3_ACCESS_KEY": "KEYID", "S3_SECRET_KEY": "SECRETKEY"}.items():
        monkeypatch.setenv(name, value)
    folder = Folder(tmp_path / "files")
    folder.path(NAME).write_bytes(os.urandom(6 * 2**20))
    S3Store(load_settings(tmp_path), folder).publish([NAME])
    assert SlowHandler.joined
    assert not folder.path(NAME).exists()
