"""Files in the encodings of old browsers, phones and programs."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.extensions import db
from forms_service.uploads.models import File
from tests.conftest import MakeApp
from tests.support.definitions import PDF, multipart, text_part
from tests.support.visitors import CONTACT, JSON, data_of, form_for, only

CV = {"name": "cv", "type": "file"}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


def part(disposition: bytes, content: bytes = PDF, *headers: bytes) -> bytes:
    lines = (b"Content-Disposition: form-data; " + disposition, *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def post(app: Flask, form: str, *parts: bytes) -> Any:
    return app.test_client().post(f"/f/{form}", **multipart(*parts), headers=JSON)


def files_of(app: Flask, form: str) -> list[tuple[str, str, int]]:
    with app.app_context():
        rows = db.session.scalars(select(File).where(File.submission_id == only(app, form).id).order_by(File.number))
        return [(row.field, row.name, row.size) for row in rows]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (rb'name="cv"; filename="C:\folder\test.pdf"', "test.pdf"),
        (rb'name="cv"; filename="C:\\folder\\test.pdf"', "test.pdf"),
        (rb'name="cv"; filename="\\server\share\test.pdf"', "test.pdf"),
        (b'name="cv"; filename="/home/ann/test.pdf"', "test.pdf"),
        (b'name="cv"; filename="C:\\folder\\"', "unnamed"),
        (b'name="cv"; filename="M\xfcller.pdf"', "Müller.pdf"),
        (b'name="cv"; filename="M\xc3\xbcller.pdf"', "Müller.pdf"),
        (b'name="cv"; filename="x.pdf"; filename*=UTF-8\'\'M%C3%BCller.pdf', "Müller.pdf"),
        (b"name=cv; filename=test.pdf", "test.pdf"),
        (b'filename="test.pdf"; name="cv"', "test.pdf"),
        (b'name="cv"; filename="a; b=c.pdf"', "a; b=c.pdf"),
        (b'name="cv"; filename="a \\"b\\".pdf"', "a _b_.pdf"),
        (b'name="cv"; filename="a %22b%22.pdf"', "a _b_.pdf"),
        (b'NAME="cv"; FileName="test.pdf"', "test.pdf"),
        (b'name="cv"; filename="a\0b.pdf"', "ab.pdf"),
    ],
)
def test_file_names_are_decoded(app: Flask, disposition: bytes, name: str) -> None:
    form = form_for(app, [CV])
    response = post(app, form, part(disposition))
    assert response.status_code == 200, response.json
    assert files_of(app, form) == [("cv", name, len(PDF))]


def test_charset_field_applies_wherever_it_appears(app: Flask) -> None:
    form = form_for(app)
    file = part(b'name="cv"; filename="\xcf\xf0.pdf"')
    assert post(app, form, file, text_part("_charset_", "windows-1251")).status_code == 200
    assert files_of(app, form) == [("cv", "Пр.pdf", len(PDF))]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (b"base64", b"SGVsbG8g\r\nd29ybGQ=\r\n"),
        (b"BASE64", b"SGVsbG8gd29ybGQ="),
        (b"quoted-printable", b"Hello=20wor=\r\nld"),
        (b"binary", b"Hello world"),
        (b"8bit", b"Hello world"),
        (b"", b"Hello world"),
    ],
)
def test_transfer_encodings_of_files_are_decoded(app: Flask, encoding: bytes, content: bytes) -> None:
    form = form_for(app)
    file = part(b'name="cv"; filename="a.txt"', content, b"Content-Transfer-Encoding: " + encoding, b"Content-Type:")
    assert post(app, form, file).status_code == 200
    assert files_of(app, form) == [("cv", "a.txt", 11)]


@pytest.mark.parametrize("content", [b"SGVsbG8", b"S", b"Hello, world!", b"SGVs=bG8="])
def test_a_file_with_a_broken_transfer_encoding_is_refused(app: Flask, content: bytes) -> None:
    file = part(b'name="cv"; filename="a.txt"', content, b"Content-Transfer-Encoding: base64")
    response = post(app, form_for(app), text_part("a", "x"), file)
    assert (response.status_code, response.json["error_type"]) == (400, "BadRequestError")


@pytest.mark.parametrize("policy", ["keep", "drop", "reject"])
def test_a_nameless_file_does_not_refuse_the_rest(app: Flask, policy: str) -> None:
    form = form_for(app, CONTACT, unknown_fields=policy)
    texts = {"name": "Ann", "email": "ann@example.com"}
    response = post(app, form, *(text_part(*pair) for pair in texts.items()), part(b'filename="a.pdf"'))
    assert response.status_code == 200, response.json
    assert data_of(app, form) == texts


def test_a_trailing_backslash_ends_no_quotation(app: Flask) -> None:
    form = form_for(app)
    assert post(app, form, part(rb'name="cv\"; filename="a\"'), text_part("b", "x")).status_code == 200
    assert files_of(app, form) == [("cv\\", "unnamed", len(PDF))]
