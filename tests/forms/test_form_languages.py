"""The setting `languages`: the owner's texts in several languages."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.forms.cache import get_published_form
from tests.conftest import KeyOf, MakeApp
from tests.support.stored import make_form
from tests.support.translations import words_of

FIELDS = [
    {"name": "email", "type": "email", "label": "Your address", "help": "We write [here](https://a.example)."},
    {"name": "meal", "type": "radio", "label": "Meal", "choices": ["Fish", {"value": "veg", "label": "Vegetables"}]},
    {"name": "note", "type": "text"},
]
GERMAN = {
    "name": "Fest",
    "labels": {"email": "Ihre Adresse", "meal": "Essen"},
    "help": {"email": "Wir schreiben [hierhin](https://a.example/de)."},
    "choices": {"meal": {"Fish": "Fisch", "veg": "<Gemüse>"}},
    "thanks": {"title": "Bis bald!"},
    "closed_text": "Leider vorbei.",
}
LANGUAGES: dict[str, Any] = {"default": "en", "de": GERMAN, "fr": {"labels": {"note": "Remarque"}}}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    return {}


@pytest.fixture
def owner(app: Flask, key_of: KeyOf, keys: dict[str, dict[str, str]]) -> dict[str, str]:
    """Headers of the owner."""
    if not keys:
        keys["owner"] = key_of(app)
    return keys["owner"]


@pytest.fixture
def form(app: Flask, owner: dict[str, str]) -> str:
    return make_form(app, "owner@example.com", FIELDS, languages=LANGUAGES)


def patch(client: FlaskClient, owner: dict[str, str], form: str, **body: Any) -> Any:
    return client.patch(f"/api/forms/{form}", json=body, headers=owner)


class TestPages:
    def test_show_the_owners_texts(self, client: FlaskClient, form: str) -> None:
        page = client.get(f"/f/{form}", headers={"Accept-Language": "de"})
        words = words_of(page.text)
        for text in (
            "Fest",
            "Ihre Adresse",
            "Wir schreiben hierhin (öffnet sich",
            "Essen",
            "Fisch",
            "<Gemüse>",
            "note",
        ):
            assert text in words
        assert 'name="meal" value="veg"' in page.text
        assert "&lt;Gemüse&gt;" in page.text
        for text in ("Your address", "Meal", "Vegetables", "We write"):
            assert text not in words

    def test_fall_back_to_the_forms_own_texts(self, client: FlaskClient, form: str) -> None:
        words = words_of(client.get(f"/f/{form}", headers={"Accept-Language": "fr"}).text)
        assert all(text in words for text in ("Contact", "Your address", "Vegetables", "Remarque", "Envoyer"))

    def test_keep_the_texts_apart(self, client: FlaskClient, form: str) -> None:
        for _ in range(2):
            for language, label in (("de", "Ihre Adresse"), ("en", "Your address"), ("fr", "Your address")):
                assert label in client.get(f"/f/{form}", headers={"Accept-Language": language}).text

    def test_show_a_new_text_at_once(self, app: Flask, client: FlaskClient, owner: dict[str, str], form: str) -> None:
        client.get(f"/f/{form}", headers={"Accept-Language": "de"})
        new = {"de": {"labels": {"email": "E-Mail"}, "name": "Feier"}}
        assert patch(client, owner, form, settings={"languages": new}).status_code == 200
        words = words_of(client.get(f"/f/{form}", headers={"Accept-Language": "de"}).text)
        assert ("E-Mail" in words, "Feier" in words, "Essen" in words) == (True, True, True)

    def test_name_fields_in_errors_and_words(self, client: FlaskClient, app: Flask, form: str) -> None:
        headers = {"Accept": "text/html", "Accept-Language": "de"}
        page = client.post(f"/f/{form}", data={"email": "x", "meal": "Fish"}, headers=headers)
        assert '<a href="#field-1">Ihre Adresse</a>' in page.text
        assert 'value="Fish" type="radio" checked' in page.text


class TestOrder:
    """The form's languages, of which the browser chooses one; then the browser's; then English."""

    @pytest.mark.parametrize(
        ("languages", "accept", "expected"),
        [
            ({}, "de", "de"),
            ({}, "it", "en"),
            ({"default": "de"}, "fr", "de"),
            ({"default": "de"}, "", "de"),
            ({"default": "de", "fr": {"name": "F"}}, "fr", "fr"),
            ({"default": "de", "fr": {"name": "F"}}, "es, fr;q=0.1", "fr"),
            ({"default": "de", "fr": {"name": "F"}}, "es", "de"),
            ({"fr": {"name": "F"}}, "es", "es"),
        ],
    )
    def test_of_a_form(
        self, app: Flask, client: FlaskClient, owner: dict[str, str], languages: Any, accept: str, expected: str
    ) -> None:
        form = make_form(app, "owner@example.com", FIELDS, languages=languages)
        headers = {"Accept-Language": accept}
        assert client.get(f"/f/{form}", headers=headers).headers["Content-Language"] == expected
        assert client.post(f"/f/{form}", json={"note": "x"}, headers=headers).headers["Content-Language"] == expected
        requested = client.get(f"/f/{form}?_language=es", headers=headers)
        assert requested.headers["Content-Language"] == "es"


class TestSaving:
    @pytest.mark.parametrize(
        ("languages", "path"),
        [
            ({"it": {}}, "it"),
            ({"default": "it"}, "default"),
            ({"de": {"labels": {"nobody": "x"}}}, "de.labels.nobody"),
            ({"de": {"help": {"nobody": "x"}}}, "de.help.nobody"),
            ({"de": {"choices": {"note": {"x": "y"}}}}, "de.choices.note"),
            ({"de": {"choices": {"meal": {"Meat": "Fleisch"}}}}, "de.choices.meal.Meat"),
            ({"de": {"labels": {"email": ""}}}, "de.labels.email"),
            ({"de": {"labels": {"email": "x" * 501}}}, "de.labels.email"),
            ({"de": {"labels": ["email"]}}, "de.labels"),
            ({"de": {"labels": {"x" * 501: "y"}}}, f"de.labels.{'x' * 200}"),
            ({"de": {"name": "x\ny"}}, "de.name"),
            ({"de": {"title": "x"}}, "de.title"),
            ({"de": {"thanks": {"button_url": "x"}}}, "de.thanks.button_url"),
            ({"de": {"reply": {"subject": "s", "text": "{nobody}"}}}, "de.reply.text"),
            ({"de": []}, "de"),
        ],
    )
    def test_names_what_is_wrong(
        self, client: FlaskClient, owner: dict[str, str], form: str, languages: Any, path: str
    ) -> None:
        for answer in (
            patch(client, owner, form, settings={"languages": languages}),
            client.post(
                "/api/forms", json={"name": "x", "fields": FIELDS, "settings": {"languages": languages}}, headers=owner
            ),
        ):
            assert (answer.status_code, list(answer.json["errors"])) == (422, [f"settings.languages.{path}"])
            assert "\\" not in json.dumps(answer.json["errors"], ensure_ascii=False)

    def test_an_unknown_language_names_those_there_are(
        self, client: FlaskClient, owner: dict[str, str], form: str
    ) -> None:
        errors = patch(client, owner, form, settings={"languages": {"it": {}}}).json["errors"]
        assert errors == {"settings.languages.it": "Unknown. Use default, or a language: en, de, es, fr."}

    def test_all_texts_together_are_bounded(self, client: FlaskClient, owner: dict[str, str]) -> None:
        fields = [{"name": f"f{number}", "type": "text"} for number in range(150)]
        texts = {"help": {field["name"]: "x" * 1500 for field in fields}}
        body = {"name": "x", "fields": fields, "settings": {"languages": {"de": texts}}}
        answer = client.post("/api/forms", json=body, headers=owner)
        assert (answer.status_code, answer.json["codes"]) == (422, {"settings.languages": ["too_long"]})

    def test_merges_and_removes(self, client: FlaskClient, owner: dict[str, str], form: str) -> None:
        changes = {"fr": None, "de": {"labels": {"meal": None}, "thanks": None, "closed_text": None}, "default": None}
        settings = patch(client, owner, form, settings={"languages": changes}).json["data"]["settings"]
        rest = {name: texts for name, texts in GERMAN.items() if name not in ("thanks", "closed_text")}
        assert settings["languages"] == {"de": {**rest, "labels": {"email": "Ihre Adresse"}}}
        settings = patch(client, owner, form, settings={"languages": None}).json["data"]["settings"]
        assert settings["languages"] == {}

    def test_texts_of_removed_fields_and_choices_go_with_them(
        self, client: FlaskClient, owner: dict[str, str], form: str
    ) -> None:
        meal = {"name": "meal", "type": "select", "choices": ["Fish"]}
        languages = patch(client, owner, form, fields=[meal]).json["data"]["settings"]["languages"]
        assert languages["de"]["labels"] == {"meal": "Essen"}
        assert languages["de"]["choices"] == {"meal": {"Fish": "Fisch"}}
        assert languages["fr"] == {"labels": {}}
        answer = patch(client, owner, form, fields=[], settings={"languages": {"fr": {"labels": {"note": "x"}}}})
        assert list(answer.json["errors"]) == ["settings.languages.fr.labels.note"]


def test_a_page_in_all_languages_is_counted(app: Flask, client: FlaskClient, owner: dict[str, str]) -> None:
    long = {"de": {"labels": {"note": "ü" * 500}}}
    sizes = []
    for languages in ({}, long):
        form = make_form(app, "owner@example.com", FIELDS, languages=languages)
        with app.app_context():
            published = get_published_form(form)
        sizes.append((published.page_size, published.size))
    assert sizes[1][0] - sizes[0][0] > 900
    assert sizes[1][1] - sizes[0][1] > 4 * 900


def test_controls_are_cached_for_each_language(app: Flask, client: FlaskClient, form: str) -> None:
    for language in ("de", "fr", "en"):
        client.get(f"/f/{form}", headers={"Accept-Language": language})
    with app.app_context():
        cached = get_published_form(form).rendered_controls
    assert {language for language, _ in cached} == {"de", "fr", "en"}
    assert "Ihre Adresse" in cached["de", "email"]
    assert "Your address" in cached["en", "email"]
