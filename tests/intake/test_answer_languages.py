"""Answers to visitors of a form in their language: JSON, the form again, refusals, thanks."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import MakeApp
from tests.support.definitions import PDF, PNG, file_part, multipart, text_part
from tests.support.translations import TRANSLATED, left_in_english, words_of
from tests.support.visitors import ANN, BROWSER, CONTACT, control_of, form_for

FIELDS = (
    {"name": "line", "type": "text", "label": "1", "required": True, "max_length": 5},
    {"name": "long", "type": "textarea", "label": "2", "min_length": 1000, "pattern": "a*"},
    {"name": "mail", "type": "email", "label": "3"},
    {"name": "tel", "type": "tel", "label": "4"},
    {"name": "url", "type": "url", "label": "5 [x](https://x.example)"},
    {"name": "number", "type": "number", "label": "6", "min": 1000.5},
    {"name": "integer", "type": "integer", "label": "7", "max": 3},
    {"name": "date", "type": "date", "label": "8", "min": "2026-03-01"},
    {"name": "time", "type": "time", "label": "9", "max": "18:30"},
    {"name": "datetime", "type": "datetime", "label": "10", "max": "2026-03-01T18:30"},
    {"name": "check", "type": "checkbox", "label": "11", "required": True},
    {"name": "select", "type": "select", "label": "12", "choices": ["a"]},
    {"name": "several", "type": "multiselect", "label": "13", "choices": ["a"], "required": True},
    {"name": "cv", "type": "file", "label": "14", "accept": ".pdf,.odt,.txt,image/*,video/*", "max_size": 10},
    {"name": "more", "type": "file", "label": "15"},
)
WRONG = {
    "line": "too long",
    "long": "b",
    "mail": "x",
    "tel": "x",
    "url": "x",
    "number": "1",
    "integer": "1.5",
    "date": "2025-01-01",
    "time": "19:00",
    "datetime": "2027-01-01T00:00",
    "select": "b",
    "several": "b",
}
PLAIN = [{"name": name, "type": "text"} for name in ANN]
OTHER_WRONG = {"number": "x", "integer": "4", "date": "x", "time": "x", "datetime": "x", "nobody": "x"}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    return make_shared_app(RATE_LIMIT_ENABLED="false", MAX_FILE_SIZE="100000", MAX_UPLOAD_SIZE="200000", MAX_FILES="2")


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def check(answer: TestResponse, language: str, status: int) -> str:
    assert (answer.status_code, answer.headers["Content-Language"]) == (status, language)
    assert answer.mimetype != "text/html" or f'<html lang="{language}">' in answer.text
    words = words_of(answer.text) if answer.mimetype == "text/html" else _sentences(answer.json)
    assert left_in_english(words, language) == []
    return words


def _sentences(body: dict[str, Any]) -> str:
    return " ".join([body["message"], body.get("error", ""), *body.get("errors", {}).values()])


@pytest.mark.parametrize("values", [WRONG, OTHER_WRONG])
@pytest.mark.parametrize("page", [True, False])
def test_errors_of_each_field(app: Flask, language: str, values: dict[str, str], *, page: bool) -> None:
    form = form_for(app, FIELDS, name="F", unknown_fields="reject", challenge="altcha")
    headers = {"Accept-Language": language, **(BROWSER if page else {})}
    answer = app.test_client().post(f"/f/{form}", data=values, headers=headers)
    check(answer, language, 422)
    in_english = app.test_client().post(f"/f/{form}", data=values)
    assert in_english.headers["Content-Language"] == "en"
    if not page:
        assert answer.json["codes"] == in_english.json["codes"]
        assert answer.json["errors"].keys() == in_english.json["errors"].keys()


def test_values_are_written_as_the_language_does(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, FIELDS)
    errors = client.post(f"/f/{form}", data=WRONG, headers={"Accept-Language": "de"}).json["errors"]
    assert errors["number"] == "Der Wert muss mindestens 1.000,5 sein."
    assert errors["date"] == "Frühestens möglich: 1. März 2026."
    assert errors["long"].startswith("Mindestens 1.000 Zeichen sind nötig.")
    page = client.get(f"/f/{form}", headers={"Accept-Language": "fr"})
    assert "Jusqu’à 97,66\u202fko." in page.text
    assert "PDF, texte OpenDocument, texte brut, image ou vidéo, jusqu’à 10 octets." in words_of(page.text)


def test_the_hosted_page(app: Flask, client: FlaskClient, language: str) -> None:
    for fields in (FIELDS, ()):
        form = form_for(app, fields, name="F", challenge="altcha")
        check(client.get(f"/f/{form}", headers={"Accept-Language": language}), language, 200)


def test_files(app: Flask, client: FlaskClient, language: str) -> None:
    form, headers = form_for(app, FIELDS, name="F"), {**BROWSER, "Accept-Language": language}
    for parts, status in (
        ([file_part("cv", "cv.pdf", PDF), file_part("more", "x.pdf", PDF)], 422),
        ([file_part("cv", "cv.exe", b"MZ" + bytes(50)), file_part("line", "x.png", PNG)], 422),
        ([file_part("more", f"{n}.pdf", PDF) for n in range(3)], 413),
        ([file_part("more", "x.pdf", PDF + bytes(150_000))], 413),
    ):
        answer = client.post(f"/f/{form}", headers=headers, **multipart(text_part("mail", "x"), *parts))
        check(answer, language, status)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"closed": True}, 403),
        ({"max_submissions": 1}, 403),
        ({"allowed_origins": ["https://a.example"]}, 403),
        (None, 404),
    ],
)
def test_refusals(app: Flask, client: FlaskClient, language: str, settings: dict[str, Any] | None, status: int) -> None:
    form = "AAAAAAAAAAAAAAAA" if settings is None else form_for(app, PLAIN, name="F", **settings)
    client.post(f"/f/{form}", json={**ANN, "message": "first"})
    headers = {"Accept-Language": language, "Origin": "https://b.example"}
    check(client.post(f"/f/{form}", json=ANN, headers=headers), language, status)
    check(client.post(f"/f/{form}", data=ANN, headers={**headers, **BROWSER}), language, status)
    if "allowed_origins" not in (settings or {}):
        check(client.get(f"/f/{form}", headers=headers), language, status)


def test_bodies_that_cannot_be_read(app: Flask, client: FlaskClient, language: str) -> None:
    form, headers = form_for(app, CONTACT, name="F"), {"Accept-Language": language}
    bodies = [("application/json", body) for body in (b"{", b"[1]", b'{"a": NaN}', b'{"a":' * 99 + b"1" + b"}" * 99)]
    bodies += [
        ("multipart/form-data; boundary=x", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
    ]
    bodies += [("application/xml", b"<a/>"), ("application/json", b'{"email": ""}')]
    for kind, body in bodies:
        answer = client.post(f"/f/{form}", data=body, content_type=kind, headers=headers)
        assert 400 <= answer.status_code < 500
        check(answer, language, answer.status_code)
    for more in ({"Content-Encoding": "gzip"}, {"Idempotency-Key": "x" * 256}):
        answer = client.post(f"/f/{form}", json=ANN, headers={**headers, **more})
        check(answer, language, answer.status_code)


def test_clients_of_formspree_get_the_same_codes(app: Flask, client: FlaskClient) -> None:
    form, headers = form_for(app, CONTACT), {"Formspree-Client": "x", "Accept-Language": "de"}
    errors = client.post(f"/f/{form}", json={"name": "Ann", "email": "x"}, headers=headers).json["errors"]
    assert [error["code"] for error in errors] == ["TYPE_EMAIL"]
    assert errors[0]["message"].startswith("Geben Sie eine E-Mail-Adresse ein")


@pytest.mark.parametrize("double_opt_in", [False, {"subject": "s", "text": "t"}])
def test_thanks(app: Flask, client: FlaskClient, language: str, double_opt_in: Any) -> None:
    form, headers = form_for(app, CONTACT, name="F", double_opt_in=double_opt_in), {"Accept-Language": language}
    answer = client.post(f"/f/{form}", json=ANN, headers=headers)
    check(answer, language, 200)
    assert "_language" not in answer.json["next"]
    check(client.get(answer.json["next"], headers=headers), language, 200)


class TestRequestedLanguage:
    """`_language` of the submission goes before everything, and is carried to the next page."""

    def test_of_a_field(self, app: Flask, client: FlaskClient) -> None:
        form, headers = form_for(app, CONTACT, languages={"default": "es"}), {"Accept-Language": "de"}
        answer = client.post(f"/f/{form}", json={**ANN, "_language": "fr-CA"}, headers=headers)
        assert answer.json["message"] == "Merci. Votre réponse a bien été reçue."
        assert answer.json["next"].endswith("&_language=fr")
        assert client.get(answer.json["next"], headers=headers).headers["Content-Language"] == "fr"
        assert control_of(app, form) == {"_language": "fr-CA"}

    def test_of_a_page_and_its_corrections(self, app: Flask, client: FlaskClient) -> None:
        form, headers = form_for(app, CONTACT), {**BROWSER, "Accept-Language": "de", "Origin": "http://127.0.0.1:5000"}
        page = client.get(f"/f/{form}?_language=es&utm_source=x", headers=headers)
        for _ in range(2):
            assert page.headers["Content-Language"] == "es"
            (action,) = re.findall(r'<form method="post" action="(.*?)"', page.text)
            assert unescape(action).count("_language=es") == 1
            page = client.post(unescape(action), data={**ANN, "email": "x"}, headers=headers)
        answer = client.post(unescape(action), data=ANN, headers=headers)
        assert (answer.status_code, "_language=es" in answer.headers["Location"]) == (303, True)
        assert client.get(answer.headers["Location"]).headers["Content-Language"] == "es"
        assert control_of(app, form) == {"_language": "es"}

    def test_of_a_refused_body(self, app: Flask, client: FlaskClient) -> None:
        data, headers = {**ANN, "email": "x", "_language": "fr"}, {**BROWSER, "Accept-Language": "de"}
        page = client.post(f"/f/{form_for(app, CONTACT)}", data=data, headers=headers)
        assert '<input type="hidden" name="_language" value="fr">' in page.text
        assert page.headers["Content-Language"] == "fr"
        assert client.post("/f/AAAAAAAAAAAAAAAA", data=data, headers=headers).headers["Content-Language"] == "fr"
        body = multipart(*(text_part(*pair) for pair in data.items()))
        page = client.post(f"/f/{form_for(app, CONTACT)}", headers=headers, **body)
        assert page.headers["Content-Language"] == "fr"

    @pytest.mark.parametrize("value", ["it", "", "x" * 100_000, ["de", "fr"], {"de": 1}, 5, None, "\u0301" * 1000])
    def test_that_is_none_is_passed_over(self, app: Flask, client: FlaskClient, value: Any) -> None:
        form = form_for(app, CONTACT)
        answer = client.post(f"/f/{form}", json={**ANN, "_language": value}, headers={"Accept-Language": "es"})
        assert (answer.status_code, answer.headers["Content-Language"]) == (
            200,
            "de" if value == ["de", "fr"] else "es",
        )


def test_a_form_that_opens_later(app: Flask, client: FlaskClient, language: str) -> None:
    form, headers = form_for(app, PLAIN, name="F", opens_at="2099-03-01T09:05:00Z"), {"Accept-Language": language}
    page = check(client.get(f"/f/{form}", headers=headers), language, 403)
    sentence = check(client.post(f"/f/{form}", json=ANN, headers=headers), language, 403)
    time = {"de": "1. März 2099, 09:05 UTC", "fr": "1 mars 2099, 09:05 UTC", "es": "1 de marzo de 2099, 9:05 UTC"}
    assert time[language] in page
    assert time[language] in sentence


@pytest.mark.parametrize("settings", [{"closed": True}, {"opens_at": "2099-03-01T09:05:00Z"}, {"max_submissions": 1}])
def test_the_owners_words_of_a_closed_form(app: Flask, client: FlaskClient, settings: dict[str, Any]) -> None:
    languages = {"de": {"closed_text": "Leider zu."}}
    form = form_for(app, PLAIN, name="F", **settings, closed_text="Too late.", languages=languages)
    client.post(f"/f/{form}", json=ANN)
    for language, words in (("de", "Leider zu."), ("fr", "Too late.")):
        headers = {"Accept-Language": language}
        assert words in client.get(f"/f/{form}", headers=headers).text
        refused = client.post(f"/f/{form}", json={**ANN, "message": language}, headers=headers)
        assert refused.json["message"].startswith(words)


def test_the_owners_thanks(app: Flask, client: FlaskClient) -> None:
    languages = {"de": {"thanks": {"text": "Bis bald."}}}
    form = form_for(
        app, PLAIN, thanks={"title": "Hi", "text": "See you.", "button_url": "https://a.example"}, languages=languages
    )
    for language, words, button in (("de", "Bis bald.", "Weiter zu"), ("fr", "See you.", "Continuer vers")):
        answer = client.post(f"/f/{form}", json={**ANN, "message": language}, headers={"Accept-Language": language})
        assert answer.json["message"] == words
        page = words_of(client.get(answer.json["next"], headers={"Accept-Language": language}).text)
        assert all(text in page for text in ("Hi", words, f"{button} a.example"))
