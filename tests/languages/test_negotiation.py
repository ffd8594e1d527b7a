"""The language of a tag or of `Accept-Language`."""

import time

import pytest

from forms_service.languages.negotiation import choose_language, match_tag

HOSTILE = {
    "commas": ",",
    "tags": "de-",
    "ranges": "xx;q=0.5,",
    "blanks": " \t",
    "qualities": ";q=1",
    "stars": "*",
    "digits": "q=0.",
    "letters": "a",
    "bytes": "é",
}


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, de;q=0.9, en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("it, fr;q=0.3, es;q=0.7", "es"),
        ("it-IT,it", "en"),
        ("*", "en"),
        ("*;q=0.5, fr;q=0.4", "en"),
        ("FR-ca", "fr"),
        ("fr_CA", "fr"),
        ("zh-Hant-TW, es-419;q=0.1", "es"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de ; q = 0.2 , fr ; Q=0.3", "fr"),
        ("de;q=x, fr;q=0.1", "fr"),
        ("de;level=1, es;q=0.1", "es"),
        ("deutsch, de-, -de, de--AT, es;q=0.1", "es"),
        ("d\u00e9, \x00, fr", "fr"),
    ],
)
def test_a_header_is_read_as_rfc_9110_says(accept: str, language: str) -> None:
    assert choose_language(accept) == language


def test_only_what_is_offered_is_chosen() -> None:
    assert choose_language("fr, de;q=0.5", ("en", "de")) == "de"
    assert choose_language("fr", ("de",)) == "de"
    assert choose_language("*", ("es", "de")) == "es"


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_header_of_100_kb_takes_no_time(unit: str) -> None:
    header = HOSTILE[unit] * (100_000 // len(HOSTILE[unit]))
    start = time.perf_counter()
    assert choose_language(header) in ("en", "de")
    assert match_tag(header) in (None, "de")
    assert time.perf_counter() - start < 0.02


def test_what_stands_far_behind_in_a_header_is_not_read() -> None:
    assert choose_language("it," * 100 + "de") == "de"
    assert choose_language("it," * 1000 + "de") == "en"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("De-CH", "de"),
        ("es_MX", "es"),
        ("it", None),
        ("", None),
        ("*", None),
        ("<b>", None),
        ("german", None),
    ],
)
def test_a_tag_is_matched_by_its_language(tag: str, language: str | None) -> None:
    assert match_tag(tag) == language
