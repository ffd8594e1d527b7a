"""Equivalent shapes in which pages, browsers and programs send a value."""

from typing import Any

import marshmallow as ma
import pytest

from forms_service.form_schema.field_types import FIELD_TYPES
from tests.form_schema.test_form_values import codes, definition, loaded

ALIKE = [
    ("checkbox", ["0", "1"], "1"),
    ("checkbox", ["true", "false"], "true"),
    ("checkbox", ["on"], "on"),
    ("checkbox", [False, True], True),
    ("checkbox", ["off", "a", "b", "a"], ["a", "b"]),
    ("checkbox", 1, "1"),
    ("consent", ["", "yes"], "yes"),
    ("multiselect", "a", ["a"]),
    ("multiselect", ["", "a", None], ["a"]),
    ("multiselect", [" b", "a", "a"], ["b", "a"]),
    ("select", ["", "a"], "a"),
    ("select", " a\u200b", "a"),
    ("radio", "b\n", "b"),
    ("text", ["", "Ann"], "Ann"),
    ("text", ["Ann", " ", "Ann"], "Ann"),
    ("text", ["Ann"], "Ann"),
    ("textarea", ["Hi", None], "Hi"),
    ("email", ["", "ann@example.com"], "ann@example.com"),
    ("tel", [436641234567], "436641234567"),
    ("url", ["", "https://example.com"], "https://example.com"),
    ("number", ["", "12"], "12"),
    ("number", [12], 12),
    ("integer", ["", 12], 12),
    ("date", ["2026-03-01", ""], "2026-03-01"),
    ("hidden", ["", "x"], "x"),
    ("hidden", ["x", "y"], ["x", "y"]),
    ("text", 7, "7"),
    ("text", 5.0, "5"),
    ("text", 1.5, "1.5"),
    ("text", True, "true"),
    ("text", False, "false"),
    ("tel", 436641234567, "436641234567"),
    ("hidden", 7, "7"),
]


@pytest.mark.parametrize(("name", "value", "expected"), ALIKE)
def test_equivalent_shapes_are_normalised(name: str, value: Any, expected: Any) -> None:
    assert loaded(definition(name, required=True), value) == expected


@pytest.mark.parametrize("value", [7, "7", 7.0, [7], " 7"])
def test_a_json_number_matches_a_choice(value: Any) -> None:
    assert loaded({"type": "select", "choices": ["7", "true"]}, value) == "7"
    assert loaded({"type": "multiselect", "choices": ["7", "true"]}, value) == ["7"]
    assert loaded({"type": "select", "choices": ["7", "true"]}, True) == "true"


@pytest.mark.parametrize("value", [["", ""], [], [None], ["0", "off"], "false", 0, [False]])
def test_a_box_without_a_ticked_value_is_unticked(value: Any) -> None:
    assert codes({"type": "checkbox", "required": True}, value) == ["blank"]


@pytest.mark.parametrize(
    "value", ["\u200b", "\u3164", "\u2800", "\ufe0f\u00ad ", "\u180e\x07", ["\u200b", ""], "\U000e0020"]
)
@pytest.mark.parametrize("name", [name for name in FIELD_TYPES if name != "file"])
def test_invisible_text_is_empty(name: str, value: Any) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        loaded(definition(name, required=True), value)
    assert [fault.code for fault in caught.value.messages["x"]] == ["blank"]  # type: ignore[index]


@pytest.mark.parametrize("name", [name for name, kind in FIELD_TYPES.items() if kind.trims])
def test_blanks_are_valid_in_optional_fields(name: str) -> None:
    assert loaded(definition(name), " \u200b") in (" \u200b", [])


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        ({"max_length": 5}, "\u095c" * 5, []),
        ({"max_length": 5}, "\ufb2a" * 5, []),
        ({"max_length": 5}, "\u095c" * 6, ["too_long"]),
        ({"max_length": 1}, "e\u0301", []),
        ({"min_length": 4}, "😀😀", []),
        ({"min_length": 5}, "😀😀", ["too_short"]),
        ({"pattern": "[\u0958-\u095f]+"}, "\u095c", []),
        ({"pattern": "\u00e9"}, "e\u0301", []),
    ],
)
def test_lengths_that_browsers_accept_are_accepted(rules: dict[str, Any], value: str, expected: list[str]) -> None:
    try:
        loaded({"type": "text", **rules}, value)
        codes = []
    except ma.ValidationError as error:
        codes = [fault.code for fault in error.messages["x"]]  # type: ignore[index]
    assert codes == expected


@pytest.mark.parametrize("text", ["hello\r\nworld", "hello\nworld", "hello\rworld"])
def test_patterns_see_line_breaks_as_line_feeds(text: str) -> None:
    assert codes({"type": "textarea", "pattern": r"[A-Za-z \n]+"}, text) == []
