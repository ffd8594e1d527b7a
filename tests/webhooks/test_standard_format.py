import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from forms_service.submissions.events import DELETED
from forms_service.webhooks.formats import FORMATS, Target
from forms_service.webhooks.formats.payloads import JSON, Event
from tests.support.webhook_events import LINK, event_of

MAX_BODY = 20_000
FAMILY = "👩‍👩‍👧‍👦"


def render(event: Event) -> dict[str, Any]:
    payload = FORMATS["standard"].render(event, Target("https://hooks.example.com/x"))
    assert payload.content_type == JSON
    assert len(payload.body) <= MAX_BODY
    body: dict[str, Any] = json.loads(payload.body.decode())
    return body


def test_a_body_has_type_time_and_the_submission_as_the_api_shows_it() -> None:
    event = event_of({"name": "Zoë", "topics": ["a", "b"], "age": 3, "x": None})
    assert render(event) == {
        "type": "submission.created",
        "timestamp": "2026-03-14T09:30:00Z",
        "data": dict(event.submission or {}),
    }


def test_the_time_is_in_utc() -> None:
    moment = datetime(2026, 3, 14, 11, 30, 0, 120_000, timezone(timedelta(hours=2)))
    assert render(event_of({}, timestamp=moment))["timestamp"] == "2026-03-14T09:30:00.120000Z"


def test_a_deletion_names_the_submission_alone() -> None:
    event = event_of({}, type=DELETED, submission=None, lines=(), link="")
    identity = {"id": event.submission_id, "reference": event.reference, "form_id": event.form_id}
    assert render(event)["data"] == identity


def test_a_long_value_is_cut_with_a_mark_and_the_others_stay_whole() -> None:
    event = event_of({"name": "Ann", "message": "x" * 100_000, "topics": ["a", "b"], "age": 3})
    data = render(event)["data"]
    assert data["truncated"] is True
    assert data["url"] == LINK
    assert data["dropped"] == 0
    answers = data.pop("data")
    assert answers.pop("message").lstrip("x") == "…"
    assert answers == {"name": "Ann", "topics": ["a", "b"], "age": 3}
    assert {name: value for name, value in (event.submission or {}).items() if name != "data"}.items() <= data.items()


def test_a_cut_body_uses_its_room() -> None:
    payload = FORMATS["standard"].render(event_of({"message": "x" * 100_000}), Target(""))
    assert MAX_BODY - 100 < len(payload.body) <= MAX_BODY


@pytest.mark.parametrize("text", [FAMILY, "🇩🇪", "👍🏽", "e\u0301", "您", '"\\', "\0", "\n", "😀"])
def test_a_cut_splits_no_character(text: str) -> None:
    message = render(event_of({"message": text * 30_000}))["data"]["data"]["message"]
    assert message == text * ((len(message) - 1) // len(text)) + "…"


@pytest.mark.parametrize("offset", range(4))
def test_a_cut_at_any_byte_is_valid(offset: int) -> None:
    message = render(event_of({"message": "x" * offset + "😀" * 30_000}))["data"]["data"]["message"]
    assert message.strip("x").strip("😀") == "…"


def test_many_small_fields_are_dropped_and_counted() -> None:
    answers = {f"field {number}": "a few words of an answer" for number in range(5000)}
    data = render(event_of(answers))["data"]
    assert len(data["data"]) > 100
    assert data["dropped"] == 5000 - len(data["data"])
    assert list(data["data"]) == list(answers)[: len(data["data"])]


@pytest.mark.parametrize(
    "value",
    [
        ["x" * 50_000, "b"],
        ["x"] * 50_000,
        {"a": {"b": ["x" * 50_000]}},
        [[[[["x" * 50_000]]]]],
        10**4000,
        [{"x": "y" * 90}] * 1000,
        {"x" * 200 + str(number): {} for number in range(1000)},
    ],
)
def test_other_values_are_cut_too(value: Any) -> None:
    data = render(event_of({"first": "kept", "odd": [value, value, value, value, value], "last": "kept"}))["data"]
    assert (data["data"]["first"], data["data"]["last"]) == ("kept", "kept")
    assert data["truncated"] is True


def test_long_control_fields_and_files_are_cut_beside_the_answers() -> None:
    event = event_of({"message": "x" * 30_000})
    files = [{"number": number, "name": "f" * 200} for number in range(500)]
    long = {**(event.submission or {}), "control": {"_subject": "y" * 30_000}, "files": files}
    data = render(replace(event, submission=long))["data"]
    assert len(data["data"]["message"]) > 4000
    assert len(data["control"]["_subject"]) > 4000
    assert len(data["files"]) > 20
    assert data["dropped"] == 500 - len(data["files"])


def test_half_characters_do_not_stop_a_delivery() -> None:
    assert render(event_of({"message": "a\ud800b"}))["data"]["data"]["message"] == "a?b"
