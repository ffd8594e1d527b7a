import json
from typing import Any

import pytest

from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.formats.payloads import JSON
from tests.support.webhook_events import event_of, target_of

CUSTOM = FORMATS["custom"]
TYPED = [
    '"}, "admin": true, {"',
    "{other} {{7*7}} {reference} {form}",
    "back\\slash \\u0041 \\",
    "line\nbreak\0\x1b",
    "😀 مرحبا '",
]


def render(template: Any, **answers: str) -> Any:
    payload = CUSTOM.render(event_of(answers), target_of("custom", template))
    assert payload.content_type == JSON
    assert len(payload.body) <= 20_000
    return json.loads(payload.body)


def test_placeholders_are_filled_in_wherever_strings_are() -> None:
    template = {"text": "{name} wrote to {form}: {reference}", "list": ["{name}", 1, None, True], "n": {"m": "{name}"}}
    reference = event_of({}).reference
    assert render(template, name="Ann") == {
        "text": f"Ann wrote to Contact: {reference}",
        "list": ["Ann", 1, None, True],
        "n": {"m": "Ann"},
    }


def test_a_template_may_be_the_text_of_json() -> None:
    assert render('{"text": "{name}"}', name="Ann") == {"text": "Ann"}


@pytest.mark.parametrize("typed", TYPED)
def test_a_value_comes_out_as_typed(typed: str) -> None:
    assert render({"text": "<{message}>"}, message=typed, other="secret") == {"text": f"<{typed}>"}


def test_names_are_no_strings_to_fill() -> None:
    assert render({"{name}": "x"}, name="Ann") == {"{name}": "x"}


def test_unknown_names_and_other_braces_stay() -> None:
    template = {"text": "{nobody} {} {{ }} { name }"}
    assert render(template, name="Ann") == template


def test_a_field_named_like_a_general_placeholder_goes_before() -> None:
    assert render(["{reference}"], reference="mine") == ["mine"]


def test_long_values_are_cut_so_that_the_body_stays_small() -> None:
    template = {"text": "{long}", "again": "{long} {name}", "fixed": "x" * 500}
    body = render(template, long='"😀' * 50_000, name="Ann")
    assert body["again"].endswith("… Ann")
    assert body["text"].endswith("…")
    assert len(json.dumps(body, ensure_ascii=False).encode()) > 19_000


def test_many_uses_of_a_long_value_stay_small() -> None:
    assert set(render(["{a}"] * 1600, a="x" * 100_000)) == {"xxxxxx…"}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (None, "The format custom needs a template."),
        ("{", "The template must be JSON."),
        ('{"a": NaN}', "The template must be JSON."),
        ("[1e999]", "The template must be JSON."),
        ({"a": float("inf")}, "The template must be JSON."),
        ({"a": {1, 2}}, "The template must be JSON."),
        ("[" * 4000 + "]" * 4000, "The template must be JSON."),
        ("[" * 30 + "]" * 30, "The template must have at most 10000 bytes and 20 levels."),
        (["x" * 10_000], "The template must have at most 10000 bytes and 20 levels."),
        ({"a": ["{nobody} {name}", "{none}"]}, "The form has no field nobody, none."),
    ],
)
def test_a_problem_of_a_template_is_a_sentence(template: Any, sentence: str) -> None:
    assert CUSTOM.find_problems(target_of("custom", template), ["name"]) == {"template": sentence}


def test_a_good_template_has_no_problem() -> None:
    template = target_of("custom", {"text": "{name} {form} {reference} {{7*7}}"})
    assert CUSTOM.find_problems(template, ["name", "7*7"]) == {}
    assert CUSTOM.find_problems(target_of("custom", {"text": "{anything}"})) == {}
