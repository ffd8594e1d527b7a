"""Odd encodings of pages, scripts and programs: no visitor's words are lost or refused for them."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.support.definitions import multipart, text_part
from tests.support.visitors import CONTACT, JSON, control_of, data_of, form_for, submissions_of

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def form(app: Flask) -> str:
    return form_for(app)


def post(app: Flask, form: str, body: bytes | str, kind: str = URLENCODED, path: str = "") -> Any:
    return app.test_client().post(f"/f/{form}{path}", data=body, content_type=kind, headers=JSON)


def part(name: bytes, value: bytes, *headers: bytes) -> bytes:
    lines = [b'Content-Disposition: form-data; name="' + name + b'"', *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + value


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"name=M%FCller&note=it%92s+5%80", {"name": "Müller", "note": "it’s 5€"}),
        (b"n%E4me=M\xfcller", {"näme": "Müller"}),
        (b"name=M%C3%BCller", {"name": "Müller"}),
        (b"\xef\xbb\xbfname=Ann", {"name": "Ann"}),
        (b"_charset_=windows-1251&name=%CF%F0%E8%E2%E5%F2", {"name": "Привет"}),
        (b"name=%CF%F0%E8%E2%E5%F2&_Charset_=windows-1251", {"name": "Привет"}),
        (b"_charset_=UTF-8&name=%C3%BC", {"name": "ü"}),
        (b"_charset_=&name=%FC", {"name": "ü"}),
        (b"_charset_=nonsense&name=%FC", {"name": "ü"}),
        (b"_charset_=shift_jis&name=%93%FA%96%7B", {"name": "日本"}),
        (b"_charset_=iso-2022-jp&name=%1B%24BF%7CK%5C%1B%28B", {"name": "日本"}),
        (b"_charset_=gbk&name=%C4%E3%BA%C3", {"name": "你好"}),
        (b"_charset_=windows-1252&face=%26%23128512%3B&typed=%26%2365%3B", {"face": "😀", "typed": "&#65;"}),
        (b"all=a%81%8D%8F%90%9D", {"all": "a\x81\x8d\x8f\x90\x9d"}),
        ("long=" + "%D0%9F" * 9 + "%D0", {"long": "П" * 9 + "\ufffd"}),
    ],
)
def test_urlencoded_is_read_in_its_own_encoding(app: Flask, form: str, body: bytes, data: dict[str, str]) -> None:
    assert post(app, form, body).status_code == 200
    assert data_of(app, form) == data


@pytest.mark.parametrize(
    ("parts", "data"),
    [
        ([part(b"name", b"M\xfcller")], {"name": "Müller"}),
        ([part(b"n\xe4me", b"x")], {"näme": "x"}),
        ([part(b"name", b"\xcf\xf0", b"Content-Type: text/plain; charset=windows-1251")], {"name": "Пр"}),
        ([part(b"name", b"\xcf\xf0"), part(b"_charset_", b"windows-1251")], {"name": "Пр"}),
        ([part(b"name", b"x", b"Content-Type:")], {"name": "x"}),
        ([part(b"name", b"SGVsbG8=", b"Content-Transfer-Encoding: base64")], {"name": "Hello"}),
        ([part(b"name", b"no base64!", b"Content-Transfer-Encoding: base64")], {"name": "no base64!"}),
        ([part(b"name", b"caf=C3=A9=\r\n!", b"Content-Transfer-Encoding: quoted-printable")], {"name": "café!"}),
        ([b"Content-Disposition: form-data\r\n\r\nlost?", part(b"a", b"x")], {"unnamed": "lost?", "a": "x"}),
        ([b"\r\nno header", part(b"a", b"x")], {"unnamed": "no header", "a": "x"}),
        ([part(b"Pickup\\Delivery", b"x")], {"Pickup\\Delivery": "x"}),
        ([part(b"ends\\", b"x"), part(b"a", b"y")], {"ends\\": "x", "a": "y"}),
        ([part(b'say \\"hi\\"', b"x")], {'say "hi"': "x"}),
        ([part(b"say %22hi%22", b"x")], {'say "hi"': "x"}),
        ([part(b'say "hi"', b"x")], {'say "hi"': "x"}),
        ([part(b"a\0", b"b\0")], {"a": "b"}),
        ([b"content-disposition:form-data;name=a\r\n\r\nx"], {"a": "x"}),
        ([b"Content-Disposition: form-data;\r\n name*=utf-8''%C3%A9\r\n\r\nx"], {"é": "x"}),
        ([part(b"a", b"\r\n------testsq\r\n--")], {"a": "\r\n------testsq\r\n--"}),
    ],
)
def test_multipart_is_read_as_senders_write_it(app: Flask, form: str, parts: list[bytes], data: dict[str, str]) -> None:
    answer = app.test_client().post(f"/f/{form}", **multipart(*parts), headers=JSON)
    assert answer.status_code == 200, answer.json
    assert data_of(app, form) == data


def test_bare_line_feeds_end_lines_where_all_lines_end_so(app: Flask, form: str) -> None:
    body = b'--x\nContent-Disposition: form-data; name="a"\n\nb\nc\n--x--\n'
    assert post(app, form, body, "multipart/form-data; boundary=x").status_code == 200
    assert data_of(app, form) == {"a": "b\nc"}


def test_multipart_without_a_part_is_an_empty_form(app: Flask, form: str) -> None:
    for body in (b"--x--", b"--x--\r\n", b"\r\n--x--\r\n"):
        answer = post(app, form, body, "multipart/form-data; boundary=x")
        assert (answer.status_code, answer.json["codes"]) == (422, {"body": ["empty"]})


def test_multipart_that_breaks_off_keeps_nothing(app: Flask, form: str) -> None:
    whole = multipart(text_part("a", "1"), text_part("b", "2"))
    for end in range(1, len(whole["data"]) - 4, 7):
        assert post(app, form, whole["data"][:end], whole["content_type"]).status_code == 400
    assert submissions_of(app, form) == []


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (rb'{"m": "hi \ud83d"}', {"m": "hi \ufffd"}),
        (rb'{"m\udc00": "\ud83d\ude00\ude00"}', {"m\ufffd": "😀\ufffd"}),
        (rb'{"m": "a\u0000b", "n\u0000": ["\u0000c"]}', {"m": "ab", "n": ["c"]}),
        (b'\xef\xbb\xbf{"m": "x"}', {"m": "x"}),
        ('{"m": "ü"}'.encode("utf-16"), {"m": "ü"}),
        (b'{"m": "M\xfcller"}', {"m": "Müller"}),
        (b'{"m": 1, "n": "x", "m": [2]}', {"m": [1, [2]], "n": "x"}),
        (b'{"m": 1e999, "n": 1e-999, "o": 0.0}', {"m": "1e999", "n": "1e-999", "o": 0.0}),
        (b'{"m": 12, "n": ' + b"9" * 5000 + b"}", {"m": 12, "n": "9" * 5000}),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=ISO-8859-1", "application/ld+json"])
def test_json_is_mended_where_no_visitor_could(app: Flask, form: str, body: bytes, data: Any, kind: str) -> None:
    assert post(app, form, body, kind).status_code == 200
    assert data_of(app, form) == data


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b"[" * 99_999, b'{"a": ' * 65 + b"1" + b"}" * 65])
def test_what_is_no_json_is_a_400(app: Flask, form: str, body: bytes) -> None:
    assert post(app, form, body, "application/json").status_code == 400


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ('{"name": "Ann", "n": 1}', "text/plain;charset=UTF-8", {"name": "Ann", "n": 1}),
        ('\ufeff {"name": "Ann"}', "text/plain", {"name": "Ann"}),
        ('{"name": "Ann"}', "", {"name": "Ann"}),
        ("name=Ann Example\r\nmessage=one\r\ntwo\r\na=b=c\r\n", "text/plain", {"name": "Ann Example", "a": "b=c"}),
        ("{name=Ann}\r\n", "text/plain", {"{name": "Ann}"}),
        ("just words", "text/plain", {"unnamed": "just words"}),
        ("[1, 2]", "text/plain", {"unnamed": "[1, 2]"}),
        (b"name=M\xfcller\r\n", "text/plain", {"name": "Müller"}),
        (b"name=\xcf\xf0\r\n", "text/plain; charset=windows-1251", {"name": "Пр"}),
    ],
)
def test_plain_text_is_json_or_lines_of_fields(app: Flask, form: str, body: Any, kind: str, data: Any) -> None:
    assert post(app, form, body, kind).status_code == 200
    stored = data_of(app, form)
    assert stored.pop("message", "one\r\ntwo") == "one\r\ntwo"
    assert stored == data


@pytest.mark.parametrize("kind", [URLENCODED, f"{URLENCODED}; charset=UTF-8"])
def test_json_that_calls_itself_a_form_is_json(app: Flask, form: str, kind: str) -> None:
    assert post(app, form, json.dumps({"m": "a=b&c " * 50, "n": ["ü"]}), kind).status_code == 200
    assert data_of(app, form) == {"m": "a=b&c " * 50, "n": ["ü"]}


def test_a_multipart_type_that_a_script_wrote_without_a_boundary_is_read(app: Flask, form: str) -> None:
    body = multipart(text_part("a", "x"), text_part("b", "y"))["data"]
    assert post(app, form, body, "multipart/form-data").status_code == 200
    assert data_of(app, form) == {"a": "x", "b": "y"}
    assert post(app, form, b"no boundary\r\n" * 50, "multipart/form-data").status_code == 400
    assert post(app, form, body[:-9], "multipart/form-data").status_code == 400


def test_the_declared_charset_of_a_body_counts(app: Flask, form: str) -> None:
    assert post(app, form, b"%CF=%CF%F0", f"{URLENCODED}; charset=windows-1251").status_code == 200
    assert data_of(app, form) == {"П": "Пр"}


def test_half_characters_are_shown_again_when_the_form_is(app: Flask) -> None:
    form = form_for(app, CONTACT)
    headers = {"Accept": "text/html"}
    body = rb'{"name": "hi \ud83d", "email": "nobody\u0000"}'
    answer = app.test_client().post(f"/f/{form}", data=body, content_type="application/json", headers=headers)
    assert answer.status_code == 422
    assert "hi \ufffd" in answer.text


def test_plain_text_is_for_forms_only(app: Flask) -> None:
    answer = app.test_client().post("/api/signup", data="{}", content_type="text/plain", headers=JSON)
    assert answer.status_code == 415


def test_a_sign_up_is_read_in_the_encoding_of_its_page(app: Flask) -> None:
    body = (
        b"email=jo%40example.com&first_name=J%F6rg&last_name=M%FCller&password=Correct-horse-7&_charset_=windows-1252"
    )
    answer = app.test_client().post("/api/signup", data=body, content_type=URLENCODED, headers=JSON)
    assert answer.status_code == 201, answer.json


@pytest.mark.parametrize("policy", ["keep", "drop", "reject"])
def test_the_charset_field_is_known_to_every_form_and_in_nobodys_data(app: Flask, policy: str) -> None:
    form = form_for(app, CONTACT, unknown_fields=policy)
    client = app.test_client()
    bodies: list[dict[str, Any]] = [
        {"data": "_charset_=UTF-8&name=Ann&email=ann%40example.com", "content_type": URLENCODED},
        multipart(
            *(text_part(*pair) for pair in {"_charset_": "utf-8", "name": "A", "email": "a@example.com"}.items())
        ),
        {"json": {"_charset_": "utf-8", "name": "Bob", "email": "bob@example.com"}},
    ]
    for body in bodies:
        assert client.post(f"/f/{form}", **body, headers=JSON).status_code == 200
    assert all(
        "charset" not in submission.data and submission.control is None for submission in submissions_of(app, form)
    )


@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "json"])
def test_a_long_name_is_cut_with_a_mark_and_none_is_refused(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, kind: str
) -> None:
    form = form_for(app_on_each_db)
    pairs = {"n" * 226: "long", "m" * 200: "just", "": "nameless"}
    bodies: dict[str, dict[str, Any]] = {
        "urlencoded": {
            "data": "&".join(f"{name}={value}" for name, value in pairs.items()),
            "content_type": URLENCODED,
        },
        "multipart": multipart(*(text_part(name, value) for name, value in pairs.items())),
        "json": {"json": pairs},
    }
    assert client_on_each_db.post(f"/f/{form}", **bodies[kind], headers=JSON).status_code == 200
    assert data_of(app_on_each_db, form) == {"n" * 199 + "\u2026": "long", "m" * 200: "just", "unnamed": "nameless"}


@pytest.mark.parametrize(("body", "control"), [("=x", {"unnamed": "x"}), ("=", {})])
def test_a_nameless_value_refuses_nothing_where_unknown_fields_are_refused(
    app: Flask, body: str, control: dict[str, str]
) -> None:
    form = form_for(app, CONTACT, unknown_fields="reject")
    assert post(app, form, f"{body}&name=Ann&email=ann%40example.com").status_code == 200
    assert control_of(app, form) == control


def test_nul_is_taken_out_on_both_databases(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    form = form_for(app_on_each_db)
    answer = client_on_each_db.post(
        f"/f/{form}", data=b"a%00=x%00y&b=\0z&_subject=s%00", content_type=URLENCODED, headers=JSON
    )
    assert answer.status_code == 200
    assert (data_of(app_on_each_db, form), control_of(app_on_each_db, form)) == (
        {"a": "xy", "b": "z"},
        {"_subject": "s"},
    )


def test_the_query_is_kept_beside_the_data(app: Flask, form: str) -> None:
    path = "?utm_source=news&utm_term=M%FCller&tag=a&tag=b&_subject=query&" + "q" * 300 + "=long&=&x%00=y"
    assert post(app, form, "name=Ann&_subject=body", path=path).status_code == 200
    assert data_of(app, form) == {"name": "Ann"}
    query = {"utm_source": "news", "utm_term": "Müller", "tag": "a, b", "q" * 199 + "\u2026": "long", "x": "y"}
    assert control_of(app, form) == {**query, "_subject": "body"}


def test_a_query_alone_is_an_empty_form(app: Flask, form: str) -> None:
    answer = post(app, form, "", path="?name=Ann")
    assert (answer.status_code, answer.json["codes"]) == (422, {"body": ["empty"]})


def test_a_json_body_has_a_bounded_number_of_values(app: Flask, form: str) -> None:
    def status(count: int) -> int:
        return int(post(app, form, json.dumps({"a": {"b": ["x", 1] * (count // 2)}}), "application/json").status_code)

    assert (status(9_998), status(10_002)) == (200, 413)
