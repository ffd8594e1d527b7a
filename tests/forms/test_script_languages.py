"""The scripts for other sites in the visitor's language."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.forms.script_words import CLIENT
from tests.forms.test_embed_script import definition_of
from tests.support.servers import ROOT
from tests.support.translations import TRANSLATED, left_in_english
from tests.support.visitors import form_for

FIELDS = [{"name": "a", "type": "text", "label": "Name"}, {"name": "cv", "type": "file", "accept": ".txt"}]


def test_the_sentences_are_those_of_the_client() -> None:
    source = (ROOT / "clients/js/src/words.js").read_text()
    assert dict(re.findall(r'^  (\w+): "(.*)",$', source, re.MULTILINE)) == CLIENT


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_form_is_built_in_the_browsers_language(app: Flask, client: FlaskClient, language: str) -> None:
    form = form_for(app, FIELDS, languages={"default": "en", language: {"labels": {"a": "N"}}})
    answer = client.get(f"/f/{form}.js", headers={"Accept-Language": language})
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.vary
    definition = definition_of(answer.text)
    assert definition["controls"][0]["label"] == [["N", None]]
    words = [*definition["words"].values(), *(text for text, _ in definition["controls"][1]["help"])]
    assert left_in_english(" | ".join(words), language) == []
    assert definition_of(client.get(f"/f/{form}.js").text)["controls"][0]["label"] == [["Name", None]]
    in_query = client.get(f"/f/{form}.js?_language={language}", headers={"Accept-Language": "en"})
    assert in_query.headers["Content-Language"] == language


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_closed_form_says_so(app: Flask, client: FlaskClient, language: str) -> None:
    form = form_for(app, FIELDS, opens_at="2099-03-01T09:00:00Z")
    closed = definition_of(client.get(f"/f/{form}.js", headers={"Accept-Language": language}).text)["closed"]
    assert left_in_english(closed, language) == []


def test_the_script_gets_its_sentences_with_the_time(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, FIELDS)
    words = client.get(f"/f/{form}/start", headers={"Accept-Language": "de"}).get_json()["data"]["words"]
    assert words.keys() == CLIENT.keys()
    assert words["sending"] == "Wird gesendet …"
    assert "{seconds}" in words["busy"]
    assert client.get(f"/f/{form}/start").get_json()["data"]["words"] == {}
