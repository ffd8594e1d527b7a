"""A sentence is English text that can be said again in another language, with its values."""

import copy
import pickle
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from forms_service.errors import FieldError, RateLimitError
from forms_service.languages.catalogues import LANGUAGES, translate
from forms_service.languages.formats import Formatted, Size, format_alternatives, format_size
from forms_service.languages.sentences import Plural, Sentence

LENGTH = Plural("Must have at least {count} character.", "Must have at least {count} characters.")


def test_a_plural_has_the_form_of_its_count() -> None:
    assert FieldError(LENGTH, "too_short", count=1) == "Must have at least 1 character."
    assert translate(FieldError(LENGTH, "too_short", count=1), "fr") == "1\u00a0caractère au minimum."
    assert translate(FieldError(LENGTH, "too_short", count=2000), "de") == "Mindestens 2.000 Zeichen sind nötig."
    assert translate(RateLimitError("x", 1).message, "es").endswith("dentro de 1 segundo.")


def test_english_is_the_text_itself() -> None:
    sentence = Sentence("The file can have at most {limit}.", limit=Formatted(Size(5 * 2**20)))
    assert translate(sentence, "en") is sentence
    assert sentence == "The file can have at most 5 MB."


def test_values_are_written_as_the_language_does() -> None:
    sentence = Sentence("The file can have at most {limit}.", limit=Formatted(Size(100_000)))
    assert translate(sentence, "fr") == "Le fichier peut peser au maximum 97,66\u202fko."
    assert translate(Sentence("Must be at least {min}.", min=Formatted(Decimal("1234.5"))), "de").endswith(
        "1.234,5 sein."
    )


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    inner = Sentence("It is nested deeper than {limit} levels.", limit=64)
    outer = Sentence("The body cannot be read. {reason}", reason=inner)
    assert outer == "The body cannot be read. It is nested deeper than 64 levels."
    assert translate(outer, "de") == "Der Inhalt ist nicht lesbar. Er ist tiefer als 64 Ebenen verschachtelt."


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_that_is_in_no_catalogue_stays(language: str) -> None:
    for text in ("", "{name} %(x)s {", "Somebody's words", "Content-Type"):
        assert translate(text, language) == text
    assert translate(FieldError("Unknown: {x}.", "unknown"), language) == "Unknown: {x}."


def test_braces_in_a_value_are_not_read_again() -> None:
    assert translate(Sentence("{name} is not valid JSON.", name="{0.__class__}"), "de").startswith("{0.__class__} ist")


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_can_be_translated(again: object) -> None:
    error = FieldError(LENGTH, "too_short", count=2)
    copied = again(error)  # type: ignore[operator]
    assert (copied, copied.code, translate(copied, "de")) == (error, "too_short", translate(error, "de"))


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (date(2026, 3, 1), "1 March 2026", "1. März 2026"),
        (datetime(2026, 3, 1, 18, 30), "1 March 2026, 18:30", "1. März 2026, 18:30"),  # noqa: DTZ001
        (timedelta(hours=9, minutes=5), "9:05", "9:05"),
        (timedelta(hours=18, minutes=5, seconds=7), "18:05:07", "18:05:07"),
        (1_000_000, "1,000,000", "1.000.000"),
        (Size(12), "12 bytes", "12 Byte"),
        (Size(2048), "2 kB", "2 kB"),
    ],
)
def test_formats(value: object, english: str, german: str) -> None:
    shown = Formatted(value)
    assert shown == english
    assert translate(Sentence("{name} is not valid JSON.", name=shown), "de").replace("\u00a0", " ").startswith(german)


def test_lists_and_sizes() -> None:
    assert format_alternatives(["PDF", "Word", "image"], "en") == "PDF, Word or image"
    assert format_alternatives(["PDF", "Word"], "es") == "PDF o Word"
    assert format_alternatives([], "de") == ""
    assert format_size(3 * 2**20) == "3 MB"
