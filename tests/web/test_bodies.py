"""Bodies are read strictly: what cannot be read for certain is 400, and nothing of it is kept."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.errors import BadRequestError
from forms_service.web.json_reader import MAX_DEPTH, read_json
from tests.support.visitors import form_for

JSON = {"Accept": "application/json"}


def status(client: FlaskClient, body: bytes, kind: str = "application/json") -> int:
    answer = client.post("/api/signup", data=body, content_type=kind, headers=JSON)
    assert answer.json["success"] is (answer.status_code == 201)
    return answer.status_code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1e-999}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": "\\u0000"}',
        b'{"a": "\x00"}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_strictly_json_is_400(shared_client: FlaskClient, body: bytes) -> None:
    assert status(shared_client, body) == 400


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_json_that_is_no_object_is_422(shared_client: FlaskClient, body: bytes) -> None:
    assert status(shared_client, body) == 422


def test_a_byte_order_mark_before_json_is_no_part_of_it(shared_client: FlaskClient, ann: dict[str, Any]) -> None:
    assert status(shared_client, b"\xef\xbb\xbf" + json.dumps(ann).encode()) == 201


@pytest.mark.parametrize("kind", ["application/json; charset=ISO-8859-1", "application/vnd.api+json"])
def test_json_is_json_whatever_its_type_adds(shared_client: FlaskClient, ann: dict[str, Any], kind: str) -> None:
    assert status(shared_client, json.dumps(ann).encode(), kind) == 201


def test_json_keeps_what_it_says() -> None:
    data = {"b": [1, 2.5, -0.0, 1e300, True, None], "a": {"ä": "😀 \u2028"}, "n": 10**40, "s": "[{" * 200}
    assert list(read_json(json.dumps(data).encode())) == ["b", "a", "n", "s"]
    assert read_json(json.dumps(data).encode()) == data
    assert read_json(json.dumps(data, ensure_ascii=False).encode()) == data


def test_depth_is_bounded_whatever_is_in_texts() -> None:
    assert read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(BadRequestError, match="deeper"):
        read_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_no_message_repeats_what_was_sent(shared_client: FlaskClient) -> None:
    answer = shared_client.post("/api/signup", data=b'{"a": "hunter2", ' + b"9" * 5000, content_type="application/json")
    assert "hunter2" not in answer.text
    assert "sys." not in answer.text


@pytest.mark.parametrize("body", [b"a=%00", b"a=b\x00", b"a%00=b"])
def test_a_form_with_nul_is_400(shared_client: FlaskClient, body: bytes) -> None:
    assert status(shared_client, body, "application/x-www-form-urlencoded") == 400


def test_too_many_fields_are_413(shared_client: FlaskClient) -> None:
    body = b"&".join(b"f%d=1" % number for number in range(1001))
    assert status(shared_client, body, "application/x-www-form-urlencoded") == 413


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'--X\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"--X\r\n",
        part("email", b"a@example.com"),
        part("email", b"a@example.com") + b"--Y--\r\n",
        b"--X\r\n\r\nno headers\r\n--X--\r\n",
        b"--X\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--X--\r\n",
        part("", b"empty name") + b"--X--\r\n",
        part("email", b"a\x00b") + b"--X--\r\n",
        b"not multipart at all",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_broken_multipart_body_is_400_and_never_an_empty_form(shared_client: FlaskClient, body: bytes) -> None:
    assert status(shared_client, body, "multipart/form-data; boundary=X") == 400


def test_multipart_without_a_boundary_is_400(shared_client: FlaskClient) -> None:
    assert status(shared_client, part("email", b"a@example.com") + b"--X--\r\n", "multipart/form-data") == 400


def test_a_file_is_not_taken_for_text(shared_client: FlaskClient, ann: dict[str, Any]) -> None:
    body = part("email", b"a@example.com", '; filename="a.txt"') + b"--X--\r\n"
    assert status(shared_client, body, "multipart/form-data; boundary=X") == 415


def test_multipart_takes_any_text(shared_client: FlaskClient, ann: dict[str, Any]) -> None:
    fields = ann | {"first_name": "Zoë\u0308 李"}
    body = b"".join(part(name, value.encode()) for name, value in fields.items()) + b"--X--\r\n"
    assert status(shared_client, body, "multipart/form-data; boundary=X") == 201


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=b"])
def test_half_a_body_is_no_submission(shared_app: Flask, shared_client: FlaskClient, kind: str) -> None:
    whole = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    answer = shared_client.post(
        f"/f/{form_for(shared_app)}",
        input_stream=io.BytesIO(whole),
        content_type=kind,
        environ_overrides={"CONTENT_LENGTH": str(len(whole) + 1), "wsgi.input_terminated": True},  # as gunicorn says
    )
    assert answer.status_code == 400
