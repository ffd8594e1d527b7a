"""Every definition survives the editor: through its page, a browser and the parser, without loss."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from forms_service.console.build.drafts import draft_of, read_cards
from forms_service.console.build.names import derive_name
from forms_service.console.build.page import NO_FAULTS, card_values
from forms_service.console.build.texts import read_definition, texts_of
from forms_service.console.build.words import PROPERTY_NAMES, TYPE_NAMES
from forms_service.form_schema.definition import RULES
from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.forms.starters import STARTERS
from tests.support.html_forms import controls_of

ODD = (
    " blanks around ",
    "a | b",
    "a\u2028b",
    "x\u00a0",
    '"><script>alert(1)</script>',
    "&amp; & &#10;",
    "true",
    "大きい 👩‍👩‍👧",
    "\u202eabc",
    "é e\u0301",
)
VALUES: dict[str, tuple[Any, ...]] = {
    "label": ODD,
    "help": ODD,
    "name": ODD,
    "required": (True, False),
    "min_length": (0, 3),
    "max_length": (1, 1_000_000),
    "min": (0, -1.5, 5.0, 1e30, 10**40, "2026-03-01", "18:30:05+02:00", "2026-03-01T18:30Z"),
    "max": (7, 2.25),
    "pattern": ("[A-Z]{2} ", " ", "(a|b)\\d", "é"),
    "choices": (["a", " b ", "a | b"], [{"value": "x", "label": "x"}, "y"], [{"value": " v ", "label": "l | m"}, *ODD]),
    "accept": (" .pdf , image/*", ".docx"),
    "max_size": (1, 1023, 1024, 5 * 2**20, 3 * 2**20 + 512, 2**40),
}


def definitions() -> Iterator[dict[str, Any]]:
    for starter in STARTERS.values():
        yield from starter.fields
    for field_type, kind in FIELD_TYPES.items():
        yield {"name": "bare", "type": field_type}
        for key, values in VALUES.items():
            if key not in RULES or key in kind.rules:
                yield from ({"name": "n", "type": field_type, key: value} for value in values)
    yield {"name": "n", "type": "matrix", "label": "L", "rows": [1, {"a": None}], "pattern": "x", "min": 3}
    yield {"name": "n", "type": "text", "label": "L", "width": "half", "choices": ["left over"]}


FIELDS = list(definitions())


def through_a_browser(app: Flask, fields: list[dict[str, Any]], typed: dict[str, str] | None = None) -> list[Any]:
    draft = draft_of({"name": "Form", "version": 1, "fields": fields})
    template = (
        '{% from "console/build/cards.html" import show_card %}<form id="builder">{% for card in cards %}'
        '{{ show_card(card, types, "") }}{% endfor %}</form>'
    )
    with app.test_request_context():
        cards = [card_values(card, NO_FAULTS) for card in draft.cards]
        html = app.jinja_env.from_string(template).render(cards=cards, types=TYPE_NAMES)
    posted = {**controls_of(html, "builder"), **(typed or {})}
    cards_read = read_cards(posted)
    assert [card.key for card in cards_read] == [card.key for card in draft.cards]
    return [read_definition(card.texts, origin) for card, origin in zip(cards_read, fields, strict=True)]


def test_no_definition_changes(shared_app: Flask) -> None:
    assert len(FIELDS) > 500
    for before, after in zip(FIELDS, through_a_browser(shared_app, FIELDS), strict=True):
        assert json.dumps(after) == json.dumps(before)


def test_another_label_changes_nothing_else(shared_app: Flask) -> None:
    typed = {f"f.{number}.label": "Another" for number in range(len(FIELDS))}
    for before, after in zip(FIELDS, through_a_browser(shared_app, FIELDS, typed), strict=True):
        assert after == {**before, "label": "Another"}


def test_an_added_choice_keeps_the_others_as_they_are() -> None:
    origin = {"name": "n", "type": "select", "choices": [" a ", "b | c", {"value": "e ", "label": "d"}]}
    texts = texts_of(origin)
    texts["choices"] += "\nnew\n  two words | 2 "
    result = read_definition(texts, origin)["choices"]
    assert result == [*origin["choices"], "new", {"value": "2", "label": "two words"}]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max_size", "5", 5 * 2**20),
        ("max_size", "500 kB", 512_000),
        ("max_size", "much", "much"),
        ("min", "0.5", 0.5),
        ("min", "1" * 5000, "1" * 5000),
        ("min", "nan", "nan"),
        ("max_length", "٣", "٣"),
        ("help", "two\n lines", "two lines"),
    ],
)
def test_what_is_typed_is_read(key: str, text: str, value: Any) -> None:
    field_type = "file" if key == "max_size" else "number" if key == "min" else "text"
    assert read_definition({"type": field_type, key: text}, {}) == {"type": field_type, key: value}


def test_every_type_and_property_has_words() -> None:
    assert set(TYPE_NAMES) == set(FIELD_TYPES)
    assert set(RULES) < set(PROPERTY_NAMES)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Your e-mail address", "your_e_mail_address"),
        ("I accept the [privacy policy](https://a.example)", "i_accept_the_privacy_policy"),
        ("الاسم الكامل", "الاسم_الكامل"),
        ("???", "text"),
        ("_gotcha", "gotcha"),
        ("taken", "taken_3"),
        ("x" * 300, "x" * 40),
        ("botcheck", "botcheck_2"),
    ],
)
def test_a_name_comes_from_the_label(label: str, name: str) -> None:
    assert derive_name(label, "text", {"taken", "taken_2"}) == name
