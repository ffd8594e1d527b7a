from typing import Any

import pytest

from forms_service.form_schema.compiler import compile_schema
from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.samples import VALUES, SampleForm, sample_event
from tests.support.chat_services import SERVICES
from tests.support.webhook_events import LINK, NOW, target_of

CHOICES = [{"value": "s", "label": "Sales"}, "Support", "Other"]


def definition(kind: str) -> dict[str, Any]:
    choices = {"choices": CHOICES} if "choices" in FIELD_TYPES[kind].rules else {}
    return {"name": f"the {kind}", "type": kind, "label": f"Your {kind} [more](https://example.com/)", **choices}


EVERY_FIELD = [definition(kind) for kind in FIELD_TYPES]


def sample(fields: list[dict[str, Any]]) -> Any:
    return sample_event(SampleForm("AbCdEfGhIjKlMnOp", "Contact", 3, fields), LINK, NOW)


def test_every_type_of_field_has_a_value_or_is_a_file() -> None:
    assert set(VALUES) == set(FIELD_TYPES) - {"file"}


def test_a_sample_answers_every_field_of_the_form_validly() -> None:
    event = sample(EVERY_FIELD)
    data = event.submission["data"]
    assert list(data) == [field["name"] for field in EVERY_FIELD if field["type"] != "file"]
    assert compile_schema(EVERY_FIELD).load(data)
    assert ("Your select more", "Sales") in event.lines
    assert event.values["the multiselect"] == "Sales, Support"
    assert [(file.label, file.name) for file in event.files] == [("Your file more", "example.pdf")]
    assert event.submission["files"][0]["field"] == "the file"
    assert event.submission["form_version"] == 3


@pytest.mark.parametrize(
    "bounds",
    [
        {"type": "number", "min": 10},
        {"type": "number", "max": 1},
        {"type": "integer", "min": -5, "max": -3},
        {"type": "date", "max": "2020-01-01"},
        {"type": "datetime", "min": "2030-01-01T10:00"},
        {"type": "time", "min": "18:00"},
        {"type": "text", "min_length": 50},
        {"type": "textarea", "max_length": 3},
    ],
)
def test_a_sample_keeps_to_the_bounds_of_a_field(bounds: dict[str, Any]) -> None:
    fields = [{"name": "a", "required": True, **bounds}]
    assert compile_schema(fields).load(sample(fields).submission["data"])


def test_a_form_without_fields_has_a_sample_too() -> None:
    assert list(sample([]).submission["data"]) == ["name", "email", "message"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_a_sample(name: str) -> None:
    payload = FORMATS[name].render(sample(EVERY_FIELD), target_of(name, {"text": "{the text}"}))
    assert SERVICES.get(name, lambda payload: payload.body)(payload)
