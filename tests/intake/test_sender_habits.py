"""Habits of scripts, proxies and old programs that no visitor sees: nothing is lost or refused for them."""

import json
from typing import Any

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.definitions import file_part, multipart, text_part
from tests.support.visitors import BROWSER, CONTACT, JSON, control_of, data_of, form_for

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def form(app: Flask) -> str:
    return form_for(app)


def post(app: Flask, form: str, body: bytes | str, kind: str, headers: dict[str, str] = JSON, path: str = "") -> Any:
    return app.test_client().post(f"/f/{form}{path}", data=body, content_type=kind, headers=headers)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json, application/json", '{"a": "x"}'),
        ("text/json", '{"a": "x"}'),
        (f"{URLENCODED}, {URLENCODED}", "a=x"),
        (f"{URLENCODED} , */*", "a=x"),
        ("text/plain, text/plain", "a=x\r\n"),
    ],
)
def test_a_type_that_was_set_twice_is_the_first_one(app: Flask, form: str, kind: str, body: str) -> None:
    assert post(app, form, body, kind).status_code == 200
    assert data_of(app, form) == {"a": "x"}


@pytest.mark.parametrize("names", ["f{}", "same"])
def test_a_submission_has_at_most_500_values_in_every_encoding(app: Flask, form: str, names: str) -> None:
    client = app.test_client()
    for count, status in ((500, 200), (501, 413)):
        pairs = [(names.format(number), "x") for number in range(count)]
        values = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
        for body in ({"json": values}, {"data": values}, multipart(*(text_part(*pair) for pair in pairs))):
            answer = client.post(f"/f/{form}", **body)
            assert answer.status_code == status, answer.text
            assert status == 200 or answer.json["message"] == "Send at most 500 fields."


@pytest.mark.parametrize("headers", [JSON, BROWSER])
def test_a_query_of_too_many_fields_refuses_nothing(app: Flask, headers: dict[str, str]) -> None:
    form = form_for(app, CONTACT)
    path = "?utm_source=x" + "&a" * 1500
    assert post(app, form, "name=Ann&email=nobody", URLENCODED, headers, path).status_code == 422
    assert post(app, form, "name=Ann&email=ann%40example.com", URLENCODED, headers, path).status_code in (200, 303)
    assert control_of(app, form)["utm_source"] == "x"


@pytest.mark.parametrize("accept", ["TEXT/HTML", "Text/Html, */*;q=0.8", "text/html;level=1"])
def test_html_is_known_in_any_case_and_version(app: Flask, form: str, accept: str) -> None:
    assert post(app, form, "a=x", URLENCODED, {"Accept": accept}).status_code == 303


def test_a_byte_order_mark_before_multipart_loses_no_part(app: Flask, form: str) -> None:
    body = multipart(text_part("a", "x"), text_part("b", "y"))
    assert post(app, form, b"\xef\xbb\xbf" + body["data"], body["content_type"]).status_code == 200
    assert data_of(app, form) == {"a": "x", "b": "y"}


@pytest.mark.parametrize("named", [True, False])
def test_the_name_of_a_field_of_files_is_read_in_the_encoding_of_the_form(app: Flask, named: bool) -> None:
    form = form_for(app, ({"name": "фото", "type": "file", "required": True}, {"name": "имя", "type": "text"}))
    photo = b'Content-Disposition: form-data; name="\xf4\xee\xf2\xee"; filename="\xff.txt"\r\n\r\nx'
    body = multipart(*([text_part("_charset_", "windows-1251")] if named else []), photo)
    kind = body["content_type"] + ("" if named else "; charset=windows-1251")
    answer = post(app, form, body["data"], kind)
    assert answer.status_code == 200, answer.json


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"_charset_=gbk&m=%D6%D0%26%23128512%3B", {"m": "中😀"}),
        (b"_charset_=gbk&m=5+%80%D6%D0", {"m": "5 €中"}),
        (b"_charset_=Big5&m=M%26%23252%3Bller+%A3%E1%A4%E9", {"m": "Müller €日"}),
        (b"_charset_=EUC-JP&m=%AD%A1%FC%E2%AD%EA+M%26%23252%3Bller+%FF", {"m": "①髙㈱ Müller \ufffd"}),
        (b"_charset_=ISO-2022-JP&m=%1B%24B-%21F%7C%1B%28B+%26%2328450%3B", {"m": "①日 &#28450;"}),
        (b"_charset_=x-user-defined&m=%26%2326085%3B", {"m": "日"}),
        (b"m=hi+%ED%A0%BD%ED%B8%80", {"m": "hi 😀"}),
        (b"m=%C3%A4+%ED%A0%BD", {"m": "ä \ufffd"}),
        (b"m=%EDt", {"m": "ít"}),
    ],
)
def test_what_browsers_write_in_an_encoding_is_read(app: Flask, form: str, body: bytes, data: dict[str, str]) -> None:
    assert post(app, form, body, URLENCODED).status_code == 200
    assert data_of(app, form) == data


@pytest.mark.parametrize(
    ("number", "text"),
    [("1e-7", "1e-7"), ("0.00001", "0.00001"), ("1.50", "1.5"), ("-2.5e-8", "-2.5e-8"), ("1e5", "100000")],
)
def test_a_number_for_a_text_reads_as_javascript_writes_it(app: Flask, number: str, text: str) -> None:
    form = form_for(app, ({"name": "a", "type": "text"},))
    assert post(app, form, f'{{"a": {number}}}', "application/json").status_code == 200
    assert data_of(app, form) == {"a": text}


def test_an_object_in_a_hidden_field_is_kept(app: Flask) -> None:
    fields = ({"name": "page", "type": "hidden"}, {"name": "code", "type": "hidden", "max_length": 5})
    form = form_for(app, fields)
    assert post(app, form, json.dumps({"code": {"a": "x"}}), "application/json").status_code == 422
    assert post(app, form, json.dumps({"page": {"url": "https://a.example"}}), "application/json").status_code == 200
    assert data_of(app, form) == {"page": {"url": "https://a.example"}}


def test_the_text_that_broke_off_is_given_back(app: Flask) -> None:
    form = form_for(app, CONTACT)
    body = multipart(text_part("name", "Ann"), text_part("message", "half of my words"))
    for size in (-5, -20):
        answer = post(app, form, body["data"][:size], body["content_type"], BROWSER)
        assert answer.status_code == 400
        assert "half of my" in answer.text


def test_a_text_that_is_too_long_is_given_back(app: Flask) -> None:
    form = form_for(app, CONTACT)
    body = multipart(text_part("name", "Ann"), text_part("message", "my words " + "x" * 2_000_000))
    answer = post(app, form, body["data"], body["content_type"], BROWSER)
    assert answer.status_code == 413
    assert "my words" in answer.text


def test_no_more_than_some_characters_are_mended_one_by_one(app: Flask, form: str) -> None:
    body = "_charset_=euc-jp&m=" + "%AD%A1" * 11_000
    assert post(app, form, body, URLENCODED).status_code == 200
    assert set(data_of(app, form)["m"]) & {"\ufffd"}


def test_a_number_comes_back_with_all_its_digits(app: Flask, form: str) -> None:
    body = '{"a": 1.000000000000000005, "b": 0.1234567890123456, "c": 10000000000000000999, "d": 100000000000000000.0}'
    assert post(app, form, body, "application/json").status_code == 200
    assert data_of(app, form) == {
        "a": "1.000000000000000005",
        "b": 0.1234567890123456,
        "c": 10000000000000000999,
        "d": 1e17,
    }


@pytest.mark.parametrize("text", ["日本", "Müller", "Ann 😀"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le"])
def test_a_part_that_calls_itself_utf_16_is_read_as_what_it_is(app: Flask, form: str, text: str, codec: str) -> None:
    head = b'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n'
    assert app.test_client().post(f"/f/{form}", **multipart(head + text.encode(codec)), headers=JSON).status_code == 200
    assert data_of(app, form) == {"a": text}


def test_a_text_that_a_script_sends_as_a_blob_is_a_text(app: Flask) -> None:
    form = form_for(app, CONTACT, unknown_fields="reject")
    blob = file_part("message", "blob", "Grüße".encode(), "text/plain")
    body = multipart(text_part("name", "Ann"), text_part("email", "ann@example.com"), blob)
    assert app.test_client().post(f"/f/{form}", **body, headers=JSON).status_code == 200
    assert data_of(app, form)["message"] == "Grüße"
    chosen = multipart(text_part("name", "Ann"), file_part("message", "a.txt", b"x", "text/plain"))
    assert app.test_client().post(f"/f/{form}", **chosen, headers=JSON).json["codes"]["message"] == ["no_files"]


def test_json_that_was_not_read_yet_is_given_back_on_a_page(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMIT_ENABLED="true", SUBMISSION_RATE_LIMIT="1/60")
    form = form_for(app, CONTACT)
    body = json.dumps({"message": "my wörds", "topics": ["sales", "other"], "password": "hunter2"}, ensure_ascii=False)
    for status in (422, 429):
        answer = post(app, form, body, "application/json; charset=ISO-8859-1", BROWSER)
        assert answer.status_code == status
        assert "my wörds" in answer.text
        assert "hunter2" not in answer.text
