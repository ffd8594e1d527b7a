"""Values as real pages and programs send them to a form: taken on both databases, and kept as they were sent."""

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.definitions import file_part, multipart, text_part
from tests.support.visitors import JSON, data_of, form_for, submissions_of

Pairs = list[tuple[str, str]]
CHOICES = ["sales", "support"]
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file that need one database: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


def field(kind: str, **rules: Any) -> dict[str, Any]:
    choices = {"choices": CHOICES} if kind in ("select", "radio", "multiselect") else {}
    return {"name": "x", "type": kind, "required": True, **choices, **rules}


FROM_PAGES = [
    (field("checkbox"), [("x", "0"), ("x", "1")], "1"),
    (field("checkbox"), [("x", "true"), ("x", "false")], "true"),
    (field("consent"), [("x", ""), ("x", "on")], "on"),
    (field("multiselect"), [("x", ""), ("x", "sales")], ["sales"]),
    (field("multiselect"), [("x", "sales")], ["sales"]),
    (field("text"), [("x", ""), ("x", "Ann")], "Ann"),
    (field("select"), [("x", ""), ("x", "sales")], "sales"),
    (field("radio"), [("x", "sales"), ("x", "")], "sales"),
    (field("url"), [("x", " https://example.com")], " https://example.com"),
    (field("url"), [("x", "https://example.com/100%?a=b|c d")], "https://example.com/100%?a=b|c d"),
    (field("number"), [("x", "12 ")], "12 "),
    (field("date"), [("x", "2026-03-01 ")], "2026-03-01 "),
    (field("email"), [("x", "\u202aann@example.com\u202c\u200b")], "\u202aann@example.com\u202c\u200b"),
    (field("text", max_length=5), [("x", "\u095c" * 5)], "\u0921\u093c" * 5),
    (field("textarea", pattern=r"[A-Za-z \n]+"), [("x", "hello\r\nworld")], "hello\r\nworld"),
    (field("tel"), [("x", "+43 (664) 123-45.67 ext 8")], "+43 (664) 123-45.67 ext 8"),
    (field("multiselect"), [("x[]", "sales"), ("x[]", "support")], ["sales", "support"]),
    (field("multiselect"), [("x[0]", "sales"), ("x[1]", "support")], ["sales", "support"]),
    (field("multiselect"), [("x", "sales"), ("x[]", "support")], ["sales", "support"]),
    (field("text"), [("x[]", "Ann")], "Ann"),
]
FROM_PROGRAMS = [
    (field("checkbox"), ["on"], "on"),
    (field("checkbox"), 1, "1"),
    (field("text"), 7, "7"),
    (field("tel"), 436641234567, "436641234567"),
    (field("select", choices=["7"]), 7, "7"),
    (field("text"), False, "false"),
]


@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "json"])
@pytest.mark.parametrize(("definition", "pairs", "stored"), FROM_PAGES)
def test_is_taken_in_every_encoding(
    app: Flask, definition: dict[str, Any], pairs: Pairs, stored: Any, kind: str
) -> None:
    names = dict.fromkeys(name for name, _ in pairs)
    fields = {name: [value for other, value in pairs if other == name] for name in names}
    bodies: dict[str, dict[str, Any]] = {
        "json": {"json": {name: values if len(values) > 1 else values[0] for name, values in fields.items()}},
        "urlencoded": {"data": urlencode(pairs), "content_type": URLENCODED},
        "multipart": multipart(*(text_part(name, value) for name, value in pairs)),
    }
    form = form_for(app, [definition])
    answer = app.test_client().post(f"/f/{form}", headers=JSON, **bodies[kind])
    assert answer.status_code == 200, answer.json
    assert data_of(app, form) == {"x": stored}


def test_both_databases_keep_the_same(app_on_each_db: Flask) -> None:
    client = app_on_each_db.test_client()
    for definition, pairs, stored in FROM_PAGES:
        form = form_for(app_on_each_db, [definition])
        answer = client.post(f"/f/{form}", data=urlencode(pairs), content_type=URLENCODED, headers=JSON)
        assert answer.status_code == 200
        assert data_of(app_on_each_db, form) == {"x": stored}


@pytest.mark.parametrize(("definition", "value", "stored"), FROM_PROGRAMS)
def test_json_has_numbers_and_booleans_for_texts(
    app: Flask, definition: dict[str, Any], value: Any, stored: Any
) -> None:
    form = form_for(app, [definition])
    assert app.test_client().post(f"/f/{form}", json={"x": value}).status_code == 200
    assert data_of(app, form) == {"x": stored}


def test_a_name_with_brackets_stays_where_the_form_defines_both_or_none(app: Flask) -> None:
    both = form_for(app, [{"name": "x", "type": "text"}, {"name": "x[]", "type": "text"}])
    none, only_brackets = form_for(app), form_for(app, [{"name": "x[]", "type": "multiselect", "choices": CHOICES}])
    client = app.test_client()
    for form, data, stored in [
        (both, {"x": "1", "x[]": "2"}, {"x": "1", "x[]": "2"}),
        (none, {"x[]": ["1", "2"]}, {"x[]": ["1", "2"]}),
        (only_brackets, {"x": ["sales"]}, {"x[]": ["sales"]}),
    ]:
        assert client.post(f"/f/{form}", json=data).status_code == 200
        assert data_of(app, form) == stored


def test_files_under_a_name_with_brackets_are_the_fields(app: Flask) -> None:
    form = form_for(app, [{"name": "cv", "type": "file", "required": True}], unknown_fields="reject")
    body = multipart(file_part("cv[]", "a.txt", b"a"), file_part("cv[]", "b.txt", b"b"))
    assert app.test_client().post(f"/f/{form}", headers=JSON, **body).status_code == 200


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_required_file_without_bytes_was_not_sent(app: Flask, content: bytes) -> None:
    form = form_for(app, [{"name": "cv", "type": "file", "required": True}, {"name": "n", "type": "text"}])
    body = multipart(text_part("n", "Ann"), file_part("cv", "cv.txt", content))
    answer = app.test_client().post(f"/f/{form}", headers=JSON, **body)
    assert answer.status_code == (200 if content else 422)
    assert answer.json.get("codes") == (None if content else {"cv": ["required"]})


@pytest.mark.parametrize("value", ["\u200b", "\u3164", "\u2800", ["\u200b", " "]])
def test_what_nobody_can_see_is_an_empty_submission(app: Flask, value: Any) -> None:
    required, free = form_for(app, [{"name": "x", "type": "text", "required": True}]), form_for(app)
    client = app.test_client()
    assert client.post(f"/f/{required}", json={"x": value}).json["codes"] == {"x": ["blank"]}
    assert client.post(f"/f/{free}", json={"x": value}).json["codes"] == {"body": ["empty"]}
    assert submissions_of(app, free) == []


@pytest.mark.parametrize(
    "value", ["false", False, " ", "0", 0, None, "off", ["", "false"], "\u200b", "undefined", {}, []]
)
def test_a_honeypot_that_says_no_is_not_filled_in(app: Flask, value: Any) -> None:
    form = form_for(app)
    assert app.test_client().post(f"/f/{form}", json={"n": "1", "botcheck": value}).status_code == 200
    assert [submission.spam_reasons for submission in submissions_of(app, form)] == [""]


@pytest.mark.parametrize(
    ("redirects", "leads_to"),
    [
        ("_next=&_next=/a", "/a"),
        ("_next=%20&redirect=/b", "/b"),
        ("_next=/a&_next=/b", "/a"),
        ("_next=%20/a%20", "/a"),
    ],
)
def test_the_first_redirect_that_says_something_is_followed(app: Flask, redirects: str, leads_to: str) -> None:
    form = form_for(app)
    headers = {"Accept": "text/html", "Origin": "https://site.example"}
    answer = app.test_client().post(f"/f/{form}", data=f"n=1&{redirects}", content_type=URLENCODED, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"https://site.example{leads_to}")


def test_a_form_that_is_shown_again_holds_what_was_meant(app: Flask) -> None:
    fields = [
        field("checkbox", name="terms"),
        field("multiselect", name="topics"),
        field("text", name="name"),
        field("email", name="email"),
    ]
    form = form_for(app, fields)
    body = "terms=0&terms=1&topics[]=sales&name=&name=Zebedee&email=nobody"
    answer = app.test_client().post(f"/f/{form}", data=body, content_type=URLENCODED, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert answer.text.count(" checked") == 2
    assert 'value="Zebedee"' in answer.text
    assert 'name="topics[]"' not in answer.text
