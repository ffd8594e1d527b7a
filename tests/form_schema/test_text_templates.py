"""Owners' texts with placeholders."""

from forms_service.form_schema.text_templates import close_gaps, fill, find_unknown_names


def test_values_are_inserted_once() -> None:
    values = {"name": "{email} {{7*7}} {name}", "email": "ann@example.com", "first name": "Ann"}
    assert fill("{name}, {email}, {first name}", values) == "{email} {{7*7}} {name}, ann@example.com, Ann"


def test_an_unknown_placeholder_stays_as_typed() -> None:
    assert fill("{nobody} {{name}} {} {name", {"name": "Ann"}) == "{nobody} {Ann} {} {name"


def test_unknown_names_are_found_once_and_in_order() -> None:
    assert find_unknown_names("{b} {a} {b} {name} {reference} {form}", ["name"]) == ["b", "a"]


def test_a_missing_value_leaves_no_gap_before_punctuation() -> None:
    text = "Hello {name},\ndear {name} and {email}: {name}\n{nobody} {name}"
    values = {"name": "", "email": "ann@example.com"}
    assert close_gaps(text, values) == "Hello,\ndear {name} and {email}:\n{nobody}"
