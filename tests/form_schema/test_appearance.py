"""Settings of what visitors see: times, thanks, theme."""

from datetime import UTC, datetime
from typing import Any

import pytest

from forms_service.form_schema.appearance import is_open
from forms_service.form_schema.settings import FormSettings, FormSettingsSchema, load_settings, merge_patch
from tests.form_schema.test_form_definitions import codes

SETTINGS = {
    "opens_at": "2027-03-01T09:00:00+01:00",
    "closes_at": "2027-03-31t20:00:00.5z",
    "thanks": {"title": "Danke!", "text": "One\r\ntwo", "button_url": "http://shop.example/next?a=1"},
    "closed_text": "Come back\nnext year.",
    "theme": {"color": "#FFcc00", "logo_url": "https://cdn.example/logo.svg"},
}


def load(**settings: Any) -> dict[str, Any]:
    """Load them, and again as a service does that merges a patch."""
    schema = FormSettingsSchema()
    loaded: dict[str, Any] = schema.load(schema.load(settings))
    return loaded


def test_they_are_normalised() -> None:
    loaded = load(**SETTINGS)
    assert loaded["opens_at"] == "2027-03-01T08:00:00Z"
    assert loaded["closes_at"] == "2027-03-31T20:00:00Z"
    assert loaded["thanks"]["text"] == "One\ntwo"
    assert loaded["theme"]["color"] == "#ffcc00"
    assert load(**loaded) == loaded


def test_what_is_saved_is_read_again() -> None:
    settings = load_settings(load(**SETTINGS))
    assert settings.opens_at == datetime(2027, 3, 1, 8, tzinfo=UTC)
    assert (settings.thanks.title, settings.theme.logo_url) == ("Danke!", "https://cdn.example/logo.svg")
    assert load_settings(load()) == FormSettings()


def test_null_restores_a_default_and_the_rest_stays() -> None:
    merged = merge_patch(load(**SETTINGS), {"thanks": {"title": None}, "theme": None, "opens_at": None})
    loaded = load(**merged)
    assert loaded["thanks"] == {**SETTINGS["thanks"], "text": "One\ntwo", "title": None}  # type: ignore[dict-item]
    assert loaded["theme"] == {"color": None, "logo_url": None}
    assert loaded["opens_at"] is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"closed": True}, False),
        ({"opens_at": "2027-01-01T00:00:00Z"}, True),
        ({"opens_at": "2027-01-01T00:00:01Z"}, False),
        ({"closes_at": "2027-01-01T00:00:00Z"}, False),
        ({"closes_at": "2027-01-01T00:00:01Z"}, True),
    ],
)
def test_a_form_is_open_from_one_time_until_before_the_other(settings: dict[str, Any], expected: bool) -> None:
    assert is_open(settings, datetime(2027, 1, 1, tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"opens_at": "2027-03-01T09:00:00"}, "opens_at", "invalid_datetime"),
        ({"opens_at": "2027-03-01"}, "opens_at", "invalid_datetime"),
        ({"opens_at": "2027-02-30T09:00:00Z"}, "opens_at", "invalid_datetime"),
        ({"closes_at": "0001-01-01T00:00:00+01:00"}, "closes_at", "invalid_datetime"),
        ({"closes_at": 1_800_000_000}, "closes_at", "invalid"),
        ({"opens_at": "2027-01-02T00:00Z", "closes_at": "2027-01-02T00:59+01:00"}, "closes_at", "too_early"),
        ({"opens_at": "2027-01-02T00:00Z", "closes_at": "2027-01-02T00:00Z"}, "closes_at", "too_early"),
        ({"thanks": {"title": "a\nb"}}, "thanks.title", "control_characters"),
        ({"thanks": {"text": "x" * 5_001}}, "thanks.text", "too_long"),
        ({"thanks": {"button_url": "javascript:alert(1)"}}, "thanks.button_url", "invalid_url"),
        ({"thanks": {"button_url": "https://user@shop.example/"}}, "thanks.button_url", "invalid_url"),
        ({"thanks": {"link": "x"}}, "thanks.link", "unknown"),
        ({"closed_text": " "}, "closed_text", "blank"),
        ({"theme": {"color": "red"}}, "theme.color", "invalid_color"),
        ({"theme": {"color": "#fff"}}, "theme.color", "invalid_color"),
        ({"theme": {"color": "#12345g"}}, "theme.color", "invalid_color"),
        ({"theme": {"logo_url": "http://cdn.example/logo.svg"}}, "theme.logo_url", "not_https"),
        ({"theme": {"logo_url": "data:image/png;base64,AA"}}, "theme.logo_url", "invalid_url"),
        ({"theme": []}, "theme", "invalid_type"),
    ],
)
def test_a_fault_is_reported_by_its_path(settings: dict[str, Any], path: str, code: str) -> None:
    assert codes(settings=settings) == {f"settings.{path}": [code]}
