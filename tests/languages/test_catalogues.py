"""Catalogues are whole: each sentence of the code in each language, with its placeholders, compiled."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.languages.catalogues import DIRECTORY, LANGUAGES, translate
from forms_service.languages.formats import ENGLISH
from tests.support.servers import ROOT

TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%")
KEYWORDS = re.compile(r"pybabel extract (.*?) -o")

SAME_WORD = {"Error %(status)s.", "{name} is not valid JSON.", "text", "image", "Error:", "Error"}
"""Sentences that another language may write as English does."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The sentences that `tox -e translations` extracts."""
    file = tmp_path_factory.mktemp("catalogues") / "forms_service.pot"
    (options,) = KEYWORDS.findall((ROOT / "tox.ini").read_text())
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        CommandLineInterface().run(["pybabel", "-q", "extract", *options.split(), "-o", str(file), "forms_service"])
    return _read(file)


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _read(file: Path, language: str | None = None) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=language)


def _catalogue(language: str) -> Catalog:
    return _read(DIRECTORY / language / "LC_MESSAGES" / "forms_service.po", language)


def _sentences(catalogue: Catalog) -> dict[str | tuple[str, ...], Message]:
    return {message.id: message for message in catalogue if message.id}


def _texts(message: str | tuple[str, ...]) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (message,)


def test_there_are_four_languages_and_english_is_first() -> None:
    assert LANGUAGES[0] == ENGLISH
    assert set(LANGUAGES) >= {"en", "de", "fr", "es"}


def test_each_sentence_of_the_code_is_translated_and_no_other(template: Catalog, language: str) -> None:
    sentences, expected = _sentences(_catalogue(language)), set(_sentences(template))
    assert len(expected) > 250
    assert sorted(map(str, expected - set(sentences))) == [], "missing: run tox -e translations, and translate"
    assert sorted(map(str, set(sentences) - expected)) == [], "obsolete: run tox -e translations"
    assert [message.id for message in sentences.values() if not all(_texts(message.string))] == []
    assert [message.id for message in sentences.values() if message.fuzzy] == []
    assert not _catalogue(language).obsolete


def test_placeholders_are_the_same(language: str) -> None:
    for message in _sentences(_catalogue(language)).values():
        expected = sorted(PLACEHOLDER.findall(_texts(message.id)[-1]))
        for text in _texts(message.string):
            assert sorted(PLACEHOLDER.findall(text)) == expected, text
        assert list(message.check(_catalogue(language))) == []


def test_what_is_compiled_is_what_is_translated(language: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, _catalogue(language))
    file = DIRECTORY / language / "LC_MESSAGES" / "forms_service.mo"
    assert file.read_bytes() == compiled.getvalue(), "run tox -e translations"


def test_sentences_end_as_in_english(language: str) -> None:
    for message in _sentences(_catalogue(language)).values():
        for english, text in zip(_texts(message.id), _texts(message.string), strict=True):
            assert text == text.strip(), text
            if english[-1] in ".:?":
                assert text[-1] == english[-1], text
            assert '"' not in text, "typographic quotation marks"
            assert "'" not in text, "a typographic apostrophe"


def test_french_has_no_break_before_a_high_mark() -> None:
    for message in _sentences(_catalogue("fr")).values():
        for text in _texts(message.string):
            assert not re.search(r"[ \w][:;?](?!//|[0-9])(?=\s|$)", text.replace("Authorization:", "")), text


def test_nothing_was_left_in_english(language: str) -> None:
    same = {
        _texts(message.id)[0] for message in _sentences(_catalogue(language)).values() if message.string == message.id
    }
    assert same <= SAME_WORD


def test_all_that_a_field_may_say_is_in_the_catalogues(language: str) -> None:
    kinds = [kind({"name": "x", "type": name, "choices": ["a"]}) for name, kind in FIELD_TYPES.items()]
    sentences = {str(sentence) for kind in kinds for code, sentence in kind.error_messages.items() if code != "null"}
    left = {sentence for sentence in sentences if translate(sentence, language) == sentence}
    # marshmallow's own, which no field of a form raises
    assert {sentence for sentence in left if "{count}" not in sentence} <= {"Invalid value."}
