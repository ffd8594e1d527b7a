"""Multipart uploads: limits, encryption, clean-up."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app, jsonify
from flask.testing import FlaskClient

from forms_service.errors import FieldError
from forms_service.forms.cache import PublishedForm
from forms_service.submissions.storage_quota import Allowance
from forms_service.uploads import disk_space, multipart_upload
from forms_service.web.route_policy import public, unlimited
from tests.conftest import MakeApp
from tests.support.definitions import PDF, PNG, PROGRAM, BrokenStream, file_part, form_of, multipart, text_part

ANY = form_of()
CV = {"name": "cv", "type": "file"}
NAME = {"name": "name", "type": "text"}


@public
@unlimited("a test")
def take() -> Any:
    """Reads a multipart body as a submission of a form is read."""
    form, keep = current_app.config["TAKE"]
    with multipart_upload.receive_upload(form, Allowance(form)) as body:
        faults = {
            name: [fault.code for fault in errors]
            for name, errors in multipart_upload.check_files(form, body.uploads).items()
        }
        if keep:
            body.keep()
        files = [[file.field, file.name, file.content_type, file.size, file.stored_as] for file in body.uploads]
        return jsonify(pairs=body.texts, files=files, faults=faults)


def take_in(app: Flask, form: PublishedForm = ANY, *, keep: bool = True) -> FlaskClient:
    """A client of an app whose `/take` takes in what is sent to that form."""
    app.config["TAKE"] = form, keep
    if "take" not in app.view_functions:
        app.add_url_rule("/take", view_func=take, methods=["POST"])
    return app.test_client()


@pytest.fixture(scope="module")
def one_app(make_shared_app: MakeApp) -> Flask:
    return make_shared_app()


@pytest.fixture
def app(one_app: Flask) -> Flask:
    """The service with nothing stored."""
    one_app.extensions.pop("disk", None)
    for path in stored(one_app):
        path.unlink()
    return one_app


def stored(app: Flask) -> list[Path]:
    return sorted(Path(app.instance_path, "files").iterdir())


def test_texts_and_files_keep_their_order(app: Flask) -> None:
    client = take_in(app)
    body = multipart(
        text_part("b", "1"),
        file_part("cv", "a.pdf", PDF),
        text_part("a", "ä"),
        text_part("b", ""),
        file_part("x", "p", PNG),
    )
    response = client.post("/take", **body).json
    assert response["pairs"] == [["b", "1"], ["a", "ä"], ["b", ""]]
    assert [file[:4] for file in response["files"]] == [
        ["cv", "a.pdf", "application/pdf", len(PDF)],
        ["x", "p", "image/png", len(PNG)],
    ]
    assert [path.name for path in stored(app)] == sorted(file[4] for file in response["files"])


def test_stored_files_are_encrypted_and_private(app: Flask) -> None:
    secret = b"the quick brown fox " * 20_000
    response = take_in(app).post("/take", **multipart(file_part("cv", "fox.txt", secret))).json
    (path,) = stored(app)
    assert b"quick brown fox" not in path.read_bytes()  # three letters turn up by chance
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "fox" not in path.name
    assert response["files"][0][3] == len(secret)


def test_files_are_removed_unless_kept(app: Flask) -> None:
    response = take_in(app, keep=False).post("/take", **multipart(file_part("cv", "a.pdf", PDF)))
    assert len(response.json["files"]) == 1
    assert stored(app) == []


def test_an_empty_file_input_is_ignored(app: Flask) -> None:
    body = multipart(text_part("a", "1"), file_part("cv", "", b""), file_part("cv2", "", b""))
    response = take_in(app).post("/take", **body).json
    assert response == {"pairs": [["a", "1"]], "files": [], "faults": {}}
    assert stored(app) == []


def test_empty_files_and_nameless_bytes_are_files(app: Flask) -> None:
    body = multipart(file_part("cv", "empty.txt", b""), file_part("cv", "", b"abc"))
    response = take_in(app).post("/take", **body).json
    assert [file[1:4] for file in response["files"]] == [["empty.txt", "text/plain", 0], ["unnamed", "text/plain", 3]]


def test_uploads_may_exceed_the_limit_of_other_bodies(make_app: MakeApp) -> None:
    app = make_app(MAX_CONTENT_LENGTH="10000")
    client = take_in(app)
    assert client.post("/take", **multipart(file_part("cv", "a", bytes(200_000)))).status_code == 200
    assert client.post("/api/signup", data=b" " * 20_000, content_type="application/json").status_code == 413


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([file_part("a", "a", bytes(100_001))], "FILES_TOO_BIG"),
        ([file_part("a", "a", bytes(90_000))] * 3, "FILES_TOO_BIG"),
        ([file_part("a", "a", b"x")] * 4, "TOO_MANY_FILES"),
        ([file_part("a", "a", bytes(300_000))], "FILES_TOO_BIG"),
        ([text_part("t", "a" * 10_001)], None),
        ([text_part("t" * 5000, "a" * 5001)], None),
        ([text_part("t", "a")] * 1001, None),
    ],
)
def test_exceeding_a_limit_is_413_and_leaves_no_file(make_app: MakeApp, parts: list[bytes], reason: str | None) -> None:
    limits = {"MAX_FILE_SIZE": "100000", "MAX_UPLOAD_SIZE": "200000", "MAX_FILES": "3", "MAX_CONTENT_LENGTH": "10000"}
    app = make_app(**limits)
    response = take_in(app).post("/take", **multipart(*parts), headers={"Accept": "application/json"})
    assert response.status_code == 413
    assert response.json.get("details", {}).get("reason") == reason
    assert stored(app) == []


def test_uploads_up_to_the_limits_are_accepted(make_app: MakeApp) -> None:
    limits = {"MAX_FILE_SIZE": "100000", "MAX_UPLOAD_SIZE": "200000", "MAX_FILES": "2", "MAX_CONTENT_LENGTH": "10000"}
    client = take_in(make_app(**limits))
    parts = [file_part("a", "a", bytes(100_000)), file_part("a", "a", bytes(100_000)), text_part("t", "a" * 9_000)]
    assert client.post("/take", **multipart(*parts)).status_code == 200


def test_too_large_a_body_is_refused_while_streaming(make_app: MakeApp) -> None:
    app = make_app(MAX_FILE_SIZE="100000")
    body = multipart(file_part("a", "a", bytes(20_000_000)))
    source = BrokenStream(body["data"])
    response = take_in(app).post(
        "/take", input_stream=source, content_length=20_000_200, content_type=body["content_type"]
    )
    assert response.status_code == 413
    assert source.tell() < 1_000_000


@pytest.mark.parametrize("at", [10, 130, 100_000, 299_000])
def test_a_disconnect_leaves_no_file(app: Flask, at: int) -> None:
    body = multipart(file_part("a", "a", bytes(200_000)), file_part("b", "b", bytes(100_000)))
    client = take_in(app)
    headers = {"content_length": len(body["data"]), "content_type": body["content_type"]}
    assert client.post("/take", input_stream=BrokenStream(body["data"][:at]), **headers).status_code == 400
    assert client.post("/take", data=body["data"][:at], content_type=body["content_type"]).status_code == 400
    assert stored(app) == []


def cut(parts: list[bytes], end: int) -> bytes:
    return bytes(multipart(*parts)["data"])[:end]


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary at all",
        cut([text_part("a", "1")], -4),
        cut([text_part("a", "1"), text_part("b", "2")], -30),
        multipart(b"Content-Disposition: form-data\r\n\r\n1")["data"],
        multipart(b'Content-Disposition: form-data; name=""\r\n\r\n1')["data"],
        multipart(b'Content-Disposition: form-data; filename="a"\r\n\r\n1')["data"],
        multipart(b'Content-Type: text/plain; name="a"\r\n\r\n1')["data"],
        multipart(b'Content-\r\nisposition: form-data; name="a"\r\n\r\n1')["data"],
        multipart(b'Content-<<<position: form-data; name="a"\r\n\r\n1')["data"],
        multipart(b': form-data; name="a"\r\n\r\n1')["data"],
        multipart(b'Content-Disposition: form-data; n\rme="a"\r\n\r\n1')["data"],
        multipart(b'Content-Disposition: form-data; name="a"\n\r\n\r1')["data"],
        multipart(b'Content-Disposition: form-data; name="a"\r\nX\r\n\r\n1')["data"],
        multipart(text_part("a", "1"), b'Content-Disposition: form-data; name="b\r\n\r\n1')["data"],
    ],
    ids=lambda body: repr(body[12:60]),
)
def test_a_malformed_body_is_400(app: Flask, body: bytes) -> None:
    response = take_in(app).post("/take", data=body, content_type=multipart()["content_type"])
    assert response.status_code == 400
    assert stored(app) == []


def test_chunk_boundaries_do_not_matter(app: Flask) -> None:
    parts = [
        text_part("a", "x\r\n--y\r\n----tes"),
        file_part("f", "f.bin", b"\r\n----test\r\n--\r" * 99),
        text_part("b", ""),
    ]
    body = multipart(*parts)
    client = take_in(app, keep=False)
    whole = client.post("/take", **body).json

    class Slow(BrokenStream):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(7)

    headers = {"content_length": len(body["data"]), "content_type": body["content_type"]}
    slow = client.post("/take", input_stream=Slow(body["data"]), **headers).json
    assert [file[:4] for file in slow["files"]] == [file[:4] for file in whole["files"]]
    assert slow["pairs"] == whole["pairs"] == [["a", "x\r\n--y\r\n----tes"], ["b", ""]]


def test_compressed_bodies_are_415(app: Flask) -> None:
    response = take_in(app).post("/take", **multipart(text_part("a", "1")), headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("fields", "settings", "part", "faults", "stored_count"),
    [
        ((NAME,), {}, file_part("cv", "a.pdf", PDF), {"cv": ["no_files"]}, 0),
        ((NAME,), {}, file_part("name", "a.pdf", PDF), {"name": ["no_files"]}, 0),
        ((NAME, CV), {}, file_part("name", "a.pdf", PDF), {"name": ["no_files"]}, 0),
        ((NAME, CV), {}, file_part("cv", "a.pdf", PDF), {}, 1),
        ((NAME, CV), {}, file_part("more", "a.pdf", PDF), {}, 1),
        ((NAME, CV), {"unknown_fields": "drop"}, file_part("more", "a.pdf", PDF), {}, 0),
        ((NAME, CV), {"unknown_fields": "reject"}, file_part("more", "a.pdf", PDF), {"more": ["unknown"]}, 0),
        (({**CV, "required": True},), {}, text_part("name", "Ann"), {"cv": ["required"]}, 0),
        (({**CV, "required": True},), {}, file_part("cv", "", b""), {"cv": ["required"]}, 0),
        (({**CV, "max_size": 10},), {}, file_part("cv", "a.pdf", PDF), {"cv": ["file_too_big"]}, 1),
        (({**CV, "accept": ".pdf"},), {}, file_part("cv", "a.pdf", PDF), {}, 1),
        (({**CV, "accept": ".pdf"},), {}, file_part("cv", "a.pdf", PROGRAM), {"cv": ["file_type"]}, 1),
        (({**CV, "accept": [".pdf", "image/*"]},), {}, file_part("cv", "a.png", PNG), {}, 1),
    ],
)
def test_files_are_checked_against_the_form(
    app: Flask, fields: Any, settings: Any, part: bytes, faults: dict[str, list[str]], stored_count: int
) -> None:
    response = take_in(app, form_of(*fields, **settings)).post("/take", **multipart(part)).json
    assert response["faults"] == faults
    assert len(stored(app)) == stored_count


def test_errors_never_repeat_submitted_values() -> None:
    upload = multipart_upload.Upload("cv", "my secret name.pdf", "text/plain", 99, "x")
    faults = multipart_upload.check_files(form_of({**CV, "accept": "image/*", "max_size": 9}), [upload])
    assert [type(fault) for fault in faults["cv"]] == [FieldError, FieldError]
    assert "secret" not in " ".join(faults["cv"])


class NearlyFull:
    """Usage of a file system that has 4 % left."""

    f_blocks = 1000
    f_bavail = 40


def test_files_are_refused_on_a_nearly_full_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = take_in(app)
    monkeypatch.setattr(os, "statvfs", lambda path: NearlyFull)
    refused = client.post("/take", **multipart(file_part("cv", "a.pdf", PDF)))
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert client.post("/take", **multipart(text_part("a", "1"))).status_code == 200
    assert stored(app) == []
    monkeypatch.undo()
    assert client.post("/take", **multipart(file_part("cv", "a.pdf", PDF))).status_code == 503, "looked at a while ago"
    monkeypatch.setattr(disk_space, "CHECK_INTERVAL", -1)
    assert client.post("/take", **multipart(file_part("cv", "a.pdf", PDF))).status_code == 200


def test_a_write_error_is_503(make_app: MakeApp) -> None:
    app = make_app()
    Path(app.instance_path, "files").rmdir()
    Path(app.instance_path, "files").write_text("not a folder")
    response = take_in(app).post("/take", **multipart(file_part("cv", "a.pdf", PDF)))
    assert response.status_code == 503
