"""Validation of submitted values, from HTML and from JSON."""

import json
import sys
from typing import Any

import marshmallow as ma
import pytest

from forms_service.form_schema.compiler import compile_schema
from forms_service.form_schema.field_types import FIELD_TYPES


def loaded(definition: dict[str, Any], value: Any) -> Any:
    return compile_schema([{"name": "x", **definition}]).load({"x": value})["x"]


def codes(definition: dict[str, Any], value: Any) -> list[str]:
    """Error codes of a value; none for one that is kept as it was sent."""
    try:
        assert loaded(definition, value) == value
    except ma.ValidationError as error:
        return [fault.code for fault in error.messages["x"]]  # type: ignore[index]
    return []


GOOD = [
    ("text", "  Tom & <b>Jerry</b>\t"),
    ("textarea", "a\r\nb"),
    ("email", "ann@example.com"),
    ("email", " jürgen@exämple.de "),
    ("tel", "+49 (170) 12-34"),
    ("url", "https://example.com/ä?x[]=1#y"),
    ("url", "mailto:ann@example.com"),
    ("url", "http://[2001:db8::7]:8080/"),
    ("url", "https://fonts.example/css?family=Roboto|Lora"),
    ("url", "https://example.com/my file.pdf"),
    ("url", "https://example.com/100%"),
    ("url", "https://example.com/%A"),
    ("url", " https://example.com"),
    ("url", "https://example.com/\u200b"),
    ("url", "https://müller.example/" + "x" * 5000),
    ("number", "12 "),
    ("number", "\u200b12\u00a0\n"),
    ("integer", "\ufeff12"),
    ("date", "2026-03-01 "),
    ("date", " 2024-01-01"),
    ("time", "\t18:30"),
    ("datetime", "\u202a2026-03-01T18:30\u202c"),
    ("email", "ann@example.com\u200b"),
    ("email", "\u202aann@example.com\u202c"),
    ("email", "\ufeffann@example.com"),
    ("email", "\u200eann@example.com \n"),
    ("email", "ann@exam\u00adple.com"),
    ("tel", "0664/123 45-67"),
    ("tel", "(+43) 664.1234567"),
    ("tel", "+1 202 555 0123 ext. 12"),
    ("tel", "202-555-0123x4"),
    ("tel", "\u202d+49\u00a0170\u2011123\u202c"),
    ("tel", "０３－１２３４－５６７８"),
    ("tel", "٠١٢٣٤٥٦"),
    ("tel", "tel:+43-664-1234567;ext=12"),
    ("tel", "112"),
    ("tel", "1" * 20),
    ("number", "-0.5"),
    ("number", "1e3"),
    ("number", 1.5),
    ("integer", "12"),
    ("integer", "12.0"),
    ("integer", 12),
    ("date", "2024-02-29"),
    ("time", "18:30"),
    ("time", "18:30:15.5"),
    ("time", "23:59:60Z"),
    ("datetime", "2026-03-01T18:30"),
    ("datetime", "2026-03-01T18:30:00.123+02:00"),
    ("datetime", "1998-12-31T15:59:60-08:00"),
    ("checkbox", "on"),
    ("checkbox", "newsletter"),
    ("checkbox", True),
    ("consent", "yes"),
    ("select", "b"),
    ("radio", "a"),
    ("multiselect", ["a", "b"]),
    ("hidden", "anything"),
]
BAD = [
    ("text", ["a", "b"], "invalid_text"),
    ("text", ["a", "", "b"], "invalid_text"),
    ("text", {"a": 1}, "invalid_text"),
    ("email", "ann", "invalid_email"),
    ("email", "a@localhost", "invalid_email"),
    ("email", "a@b.de\r\nBcc: c@d.de", "invalid_email"),
    ("url", "example.com", "invalid_url"),
    ("url", "javascript:alert(1)", "invalid_url"),
    ("url", "http:// x.com", "invalid_url"),
    ("url", " java\nscript:alert(1)", "invalid_url"),
    ("url", "\u200bjavascript:alert(1)", "invalid_url"),
    ("url", "\x01JavaScript:alert(1)", "invalid_url"),
    ("url", "data:text/html,x", "invalid_url"),
    ("url", "vbscript:x", "invalid_url"),
    ("url", "blob:https://example.com/1", "invalid_url"),
    ("url", "C:\\Users\\ann", "invalid_url"),
    ("url", "//example.com", "invalid_url"),
    ("tel", "12ab", "invalid_tel"),
    ("tel", "12", "invalid_tel"),
    ("tel", "1" * 21, "invalid_tel"),
    ("tel", "call me", "invalid_tel"),
    ("tel", "+ ( ) - .", "invalid_tel"),
    ("tel", "1 " * 5000, "invalid_tel"),
    ("email", "ann @example.com", "invalid_email"),
    ("number", "1 2", "invalid_number"),
    ("url", "http://[::ffff:01.2.3.4]", "invalid_url"),
    ("number", "1,5", "invalid_number"),
    ("number", "١", "invalid_number"),
    ("number", "1e999", "invalid_number"),
    ("number", "1e-99999999999999999999999", "invalid_number"),
    ("number", True, "invalid_number"),
    ("integer", "1.5", "invalid_number"),
    ("integer", "9" * 500, "invalid_number"),
    ("date", "2023-02-29", "invalid_date"),
    ("date", 20240101, "invalid_date"),
    ("time", "24:00", "invalid_time"),
    ("time", "23:58:60Z", "invalid_time"),
    ("datetime", "2026-03-01", "invalid_datetime"),
    ("datetime", "2026-03-01T18:30+24:00", "invalid_datetime"),
    ("checkbox", [{"on": 1}], "invalid_checkbox"),
    ("checkbox", {"on": 1}, "invalid_checkbox"),
    ("select", "c", "not_a_choice"),
    ("radio", {"a": 1}, "not_a_choice"),
    ("multiselect", ["a", "c"], "not_a_choice"),
    ("multiselect", [["a"]], "not_a_choice"),
]
CHOICES = ["a", {"value": "b", "label": "B"}]


def definition(name: str, **rules: Any) -> dict[str, Any]:
    return {"type": name, **({"choices": CHOICES} if "choices" in FIELD_TYPES[name].rules else {}), **rules}


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_valid_values_are_stored_as_sent(name: str, value: Any) -> None:
    assert codes(definition(name, required=True), value) == []


@pytest.mark.parametrize(("name", "value", "code"), BAD)
def test_invalid_values_are_refused(name: str, value: Any, code: str) -> None:
    assert codes(definition(name), value) == [code]


@pytest.mark.parametrize("name", [name for name in FIELD_TYPES if name != "file"])
def test_required_fields_must_be_filled_in(name: str) -> None:
    schema = compile_schema([{"name": "x", **definition(name, required=True)}])
    empty: list[Any] = ["", None] + ([False, "off"] if name in ("checkbox", "consent") else [])
    for data, code in [({}, "required"), *(({"x": value}, "blank") for value in empty)]:
        with pytest.raises(ma.ValidationError) as caught:
            schema.load(data)
        assert [fault.code for fault in caught.value.messages["x"]] == [code]  # type: ignore[index]


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_optional_fields_may_be_empty_or_missing(name: str) -> None:
    schema = compile_schema([{"name": "x", **definition(name, **({"min_length": 3} if name == "text" else {}))}])
    several = name == "multiselect"
    assert schema.load({}) == {}
    assert schema.load({"x": ""}) == {"x": [] if several else ""}
    assert schema.load({"x": None}) == {"x": [] if several else None}


def test_lengths_count_characters_and_a_line_break_as_one() -> None:
    rules = {"type": "textarea", "min_length": 3, "max_length": 3}
    assert codes(rules, "a\r\nb") == []
    assert codes(rules, "😀😀😀") == []
    assert codes(rules, "ab") == ["too_short"]
    assert codes(rules, "abcd") == ["too_long"]


def test_a_pattern_matches_the_whole_value_in_linear_time() -> None:
    rules = {"type": "text", "pattern": "a|ab"}
    assert codes(rules, "ab") == []
    assert codes(rules, "abc") == codes(rules, "ab\n") == ["pattern"]
    evil = {"type": "text", "pattern": "(a+)+$"}
    assert codes(evil, "a" * 1999 + "!") == ["pattern"], "a search that goes back would not end"
    assert codes(evil, "a" * 2001) == ["too_long"]


@pytest.mark.parametrize(
    ("name", "least", "most", "within", "below", "above"),
    [
        ("number", 0.1, 0.3, ["0.1", 0.3, "0.30"], "0.09", 0.31),
        ("integer", 1, 12, ["1", 12], 0, "13"),
        ("date", "2026-01-01", "2026-12-31", ["2026-01-01", "2026-12-31"], "2025-12-31", "2027-01-01"),
        ("time", "08:00", "18:00", ["08:00", "18:00:00"], "07:59", "18:00:01"),
        (
            "datetime",
            "2026-01-01T08:00",
            "2026-01-01T18:00+02:00",
            ["2026-01-01T08:00Z", "2026-01-01T16:00"],
            "2026-01-01T08:00+01:00",
            "9999-12-31T23:59:59-23:59",
        ),
    ],
)
def test_bounds_are_inclusive(name: str, least: Any, most: Any, within: list[Any], below: Any, above: Any) -> None:
    rules = {"type": name, "min": least, "max": most}
    assert [codes(rules, value) for value in within] == [[], []] + [[]] * (len(within) - 2)
    assert codes(rules, below) == ["too_small"]
    assert codes(rules, above) == ["too_big"]


def test_text_is_only_normalised_to_nfc() -> None:
    schema = compile_schema([{"name": "x", "type": "text"}])
    assert schema.load({"x": "A\u030a", "more": ["A\u030a", {"k": "A\u030a"}]}) == {"x": "Å", "more": ["Å", {"k": "Å"}]}


def test_choices_match_in_any_normalisation() -> None:
    assert loaded({"type": "select", "choices": ["A\u030a"]}, "Å") == "Å"
    assert loaded({"type": "select", "choices": ["Å"]}, "A\u030a") == "Å"


def test_values_keep_the_order_sent_and_errors_that_of_the_form() -> None:
    fields = [{"name": name, "type": "email"} for name in ("load", "Meta", "a.b", "fields")]
    schema = compile_schema(fields)
    data = dict.fromkeys(("fields", "more", "a.b", "Meta", "load"), "x@example.com")
    assert list(schema.load(data)) == list(data)
    with pytest.raises(ma.ValidationError) as caught:
        schema.load(dict.fromkeys(data, "x"))
    assert list(caught.value.messages) == ["load", "Meta", "a.b", "fields"]


def test_unknown_fields_follow_the_setting() -> None:
    fields = [{"name": "a", "type": "text"}]
    data = {"a": "1", "b": "2"}
    assert compile_schema(fields, "keep").load(data) == data
    assert compile_schema(fields, "drop").load(data) == {"a": "1"}
    with pytest.raises(ma.ValidationError) as caught:
        compile_schema(fields, "reject").load(data)
    assert [fault.code for fault in caught.value.messages["b"]] == ["unknown"]  # type: ignore[index]


@pytest.mark.parametrize("policy", ["keep", "drop", "reject"])
def test_a_form_without_fields_accepts_anything_within_limits(policy: str) -> None:
    schema = compile_schema([], policy)
    data = {f"f{number}": [number, {"deep": None}] for number in range(500)}
    assert json.dumps(schema.load(data)) == json.dumps(data)
    with pytest.raises(ma.ValidationError) as caught:
        schema.load({"n" * 201: "x", "n" * 200: "y"})
    assert list(caught.value.messages) == ["n" * 201]


def test_file_values_are_not_validated_here() -> None:
    schema = compile_schema([{"name": "x", "type": "file", "required": True}], "reject")
    assert schema.load({}) == {}
    assert schema.load({"x": "resume.pdf"}) == {"x": "resume.pdf"}


def test_validating_five_fields_takes_few_calls() -> None:
    kinds = {"name": "text", "email": "email", "age": "integer", "when": "date", "message": "textarea"}
    schema = compile_schema([{"name": name, "type": kind, "required": True} for name, kind in kinds.items()])
    data = {"name": "Ann", "email": "ann@example.com", "age": "33", "when": "2026-01-01", "message": "Hi\n" * 50}
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        schema.load(data)
    finally:
        sys.setprofile(None)
    assert len(calls) < 60, calls
