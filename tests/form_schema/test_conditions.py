"""Conditions on the values of a submission."""

from typing import Any

import marshmallow as ma
import pytest

from forms_service.form_schema.conditions import TOO_LONG, ConditionList, ConditionSchema, find_unknown_fields, matches


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ({"field": "topic", "is": "Sales"}, ["Sales", " sales ", ["Support", "SALES"]]),
        ({"field": "topic", "is_not": "Sales"}, ["Support", None, "", ["Support"], []]),
        ({"field": "topic", "contains": "straße"}, ["Hauptstrasse 1", ["x", "STRASSE"]]),
        ({"field": "topic", "in": ["Sales", "7", "true"]}, ["sales", 7, True, ["x", "Sales"]]),
    ],
)
def test_a_condition_holds(condition: dict[str, Any], values: list[Any]) -> None:
    loaded = ConditionSchema().load(condition)
    assert [value for value in values if not matches([loaded], {"topic": value})] == []


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ({"field": "topic", "is": "Sales"}, ["Presales", None, [], ["Support"]]),
        ({"field": "topic", "is_not": "Sales"}, ["sales", ["Support", "Sales"]]),
        ({"field": "topic", "contains": "sale"}, ["SAL", None]),
        ({"field": "topic", "in": ["Sales"]}, ["Presales", None, 7]),
    ],
)
def test_a_condition_does_not_hold(condition: dict[str, Any], values: list[Any]) -> None:
    loaded = ConditionSchema().load(condition)
    assert [value for value in values if matches([loaded], {"topic": value})] == []


def test_all_conditions_must_hold() -> None:
    conditions = ConditionSchema(many=True).load([{"field": "a", "is": "1"}, {"field": "b", "is_not": "2"}])
    assert matches(conditions, {"a": "1"})
    assert not matches(conditions, {"a": "1", "b": "2"})
    assert matches([], {})
    assert find_unknown_fields(conditions, ["a"]) == {1: "b"}


def test_of_a_long_list_only_the_beginning_is_compared() -> None:
    condition = {"field": "a", "is": "x"}
    assert matches([condition], {"a": ["y" * 19_999, "x", "z"]})
    assert not matches([condition], {"a": ["y" * 10_000, "y" * 10_000, "x"]})


def test_all_conditions_together_have_4000_characters() -> None:
    def load(length: int) -> Any:
        return ConditionList().deserialize([{"field": "a", "in": ["x" * 500] * 7}, {"field": "b", "is": "x" * length}])

    assert len(load(498)) == 2
    with pytest.raises(ma.ValidationError) as error:
        load(499)
    assert error.value.messages == [TOO_LONG]


@pytest.mark.parametrize("condition", [{"field": "a"}, {"field": "a", "is": "1", "contains": "2"}])
def test_a_condition_has_exactly_one_operator(condition: dict[str, Any]) -> None:
    with pytest.raises(ma.ValidationError) as error:
        ConditionSchema().load(condition)
    assert "exactly one" in str(error.value.messages)
