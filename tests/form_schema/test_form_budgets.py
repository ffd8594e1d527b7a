"""Limits of a form: memory of its patterns, size and rate of its page."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.form_schema.field_types.patterns import MAX_MEMORY, MEMORY_SIZES, Pattern
from forms_service.forms import cache, controls, schemas
from tests.conftest import KeyOf, MakeApp
from tests.support.visitors import BROWSER, form_for

LETTERS = {"type": "text", "pattern": r"\pL{1,50}"}
DIGITS = {"type": "text", "pattern": "[0-9]{5}"}


def named(count: int, definition: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": f"field{number}", **definition} for number in range(count)]


def with_choices(kind: str, fields: int, choices: int) -> list[dict[str, Any]]:
    texts = [f'choice "<{number}>' for number in range(choices)]
    return named(fields, {"type": kind, "label": "Which?", "help": "One.", "required": True, "choices": texts})


def test_the_memory_of_a_pattern_grows_with_its_size() -> None:
    assert Pattern("[0-9]{5}").size == MEMORY_SIZES[0]
    assert MEMORY_SIZES[0] < Pattern(r"\pL+").size < Pattern(r"\pL{1,50}").size == MEMORY_SIZES[-1]


@pytest.mark.slow
def test_a_form_whose_patterns_take_too_much_memory_is_not_saved(
    app: Flask, client: FlaskClient, key_of: KeyOf
) -> None:
    key = key_of(app)
    too_many = MAX_MEMORY // Pattern(LETTERS["pattern"]).size + 1
    response = client.post("/api/forms", json={"name": "x", "fields": named(500, LETTERS)}, headers=key)
    assert response.status_code == 422
    assert {*response.json["codes"]} == {f"fields.{number}.pattern" for number in range(too_many - 1, 500)}
    assert response.json["codes"]["fields.499.pattern"] == ["too_much_memory"]
    for fields in (named(too_many - 1, LETTERS), named(500, DIGITS)):
        assert client.post("/api/forms", json={"name": "x", "fields": fields}, headers=key).status_code == 201
    form = client.get("/api/forms", headers=key).json["data"][0]["id"]
    response = client.patch(f"/api/forms/{form}", json={"fields": named(too_many, LETTERS)}, headers=key)
    assert (response.status_code, [*response.json["codes"]]) == (422, [f"fields.{too_many - 1}.pattern"])


@pytest.mark.slow
def test_least_recently_used_forms_are_evicted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [form_for(app, named(2, LETTERS)) for _ in range(4)]
    monkeypatch.setattr(cache, "MAX_AGE", 0)
    with app.app_context():
        first = cache.get_published_form(ids[0])
        assert first.size > 2 * MEMORY_SIZES[-1]
        monkeypatch.setattr(cache, "MAX_MEMORY", 2 * first.size + first.size // 2)
        schemas_of = {form: cache.get_published_form(form).schema for form in ids[:2]}
        assert cache.get_published_form(ids[0]).schema is schemas_of[ids[0]] is first.schema
        cache.get_published_form(ids[2])
        assert cache.get_published_form(ids[0]).schema is first.schema
        assert cache.get_published_form(ids[1]).schema is not schemas_of[ids[1]]
        monkeypatch.setattr(cache, "MAX_MEMORY", 1)
        assert cache.get_published_form(ids[3]).schema is cache.get_published_form(ids[3]).schema


@pytest.mark.parametrize("kind", ["select", "radio", "multiselect"])
def test_page_size_is_an_upper_bound(shared_app: Flask, kind: str) -> None:
    form = form_for(shared_app, with_choices(kind, 8, 400))
    length = len(shared_app.test_client().get(f"/f/{form}").data)
    estimate = controls.estimate_page_size(with_choices(kind, 8, 400))
    assert length <= estimate + 5000
    assert estimate <= 1.3 * length


@pytest.mark.slow
def test_a_form_with_too_long_a_page_is_not_saved(app: Flask, client: FlaskClient, key_of: KeyOf) -> None:
    key = key_of(app)
    body = {"name": "x", "fields": with_choices("radio", 14, 1000)}
    response = client.post("/api/forms", json=body, headers=key)
    assert (response.status_code, response.json["codes"]) == (422, {"fields": ["page_too_long"]})
    form = client.post("/api/forms", json={"name": "x"}, headers=key).json["data"]["id"]
    response = client.patch(f"/api/forms/{form}", json={"fields": body["fields"]}, headers=key)
    assert (response.status_code, response.json["codes"]) == (422, {"fields": ["page_too_long"]})
    body["fields"] = body["fields"][:8]
    assert client.post("/api/forms", json=body, headers=key).status_code == 201


@pytest.mark.slow
def test_too_long_a_page_is_not_rendered(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "MAX_PAGE_SIZE", 2**30)  # as it was when such a form was saved
    form = form_for(app, with_choices("radio", 20, 1000))
    response = client.get(f"/f/{form}", headers=BROWSER)
    assert (response.status_code, len(response.data) < 5000) == (403, True)
    assert "too long" in response.text
    assert client.post(f"/f/{form}", data={"field0": "x"}, headers=BROWSER).status_code == 422
    assert client.post(f"/f/{form}", data={"field0": "x"}).json["codes"]["field0"] == ["not_a_choice"]


def test_empty_controls_are_rendered_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_for(app, [*with_choices("select", 2, 3), {"name": "from", "type": "hidden"}])
    client = app.test_client()
    assert 'value="shop"' in client.get(f"/f/{form}?from=shop").text
    assert "shop" not in client.get(f"/f/{form}").text
    client.post(f"/f/{form}", data={"field0": "sent", "from": "shop"}, headers=BROWSER)
    monkeypatch.setattr(cache, "MAX_AGE", 0)
    page = client.get(f"/f/{form}").text
    assert "shop" not in page
    assert "offered" not in page
    with app.app_context():
        cached = {name for _, name in cache.get_published_form(form).rendered_controls}
        assert cached == {"field0", "field1", "from"}


def test_guessed_fields_are_not_cached(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, max_submissions=1)
    for number in range(3):
        client.post(f"/f/{form}", data={f"secret{number}": ""}, headers=BROWSER)
    with app.app_context():
        assert cache.get_published_form(form).rendered_controls == {}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "/thanks", "/challenge"])
def test_hosted_pages_are_rate_limited(make_app: MakeApp, method: str, path: str) -> None:
    app = make_app(SUBMISSION_RATE_LIMIT="1/60")
    form = form_for(app, challenge="altcha")
    client = app.test_client()
    statuses = [client.open(f"/f/{form}{path}", method=method).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert client.get("/f/AAAAAAAAAAAAAAAA").status_code == 429
    assert client.get(f"/f/{form}", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200
    assert client.post(f"/f/{form}", json={"a": "b"}).status_code == 422, "a submission has a limit of its own"
