"""The recipes of the documentation, as far as they go without the services that they are for."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from forms_service.webhooks.formats.payloads import Payload
from tests.support.chat_services import SERVICES
from tests.support.documentation import Example, examples
from tests.support.servers import ROOT
from tests.support.stored import make_form
from tests.support.webhooks import Hooks

FIELDS = [
    {"name": "email", "type": "email", "label": "Your e-mail address"},
    {"name": "topic", "type": "select", "choices": ["Sales", "Partnership", "Other"]},
    {"name": "message", "type": "textarea"},
]
ANSWERS = {"email": "ann@example.com", "topic": "Sales", "message": "Hello @everyone <!channel>"}
BODY = re.compile(r"--json '(\{.*?\})'\n", re.S)
RECIPES = [
    example
    for page in ("recipes.md", "webhooks.md")
    for example in examples(ROOT / "docs" / page)
    if "/webhooks" in example.text and '"url"' in example.text and BODY.search(example.text)
]


def webhook_of(example: Example, hooks: Hooks) -> dict[str, Any]:
    """The webhook of a recipe, with the endpoint of the test in place of the service's."""
    match = BODY.search(example.text)
    assert match
    body: dict[str, Any] = json.loads(match[1])
    url = urlsplit(body["url"])
    return {**body, "url": hooks.receiver.url(f"{url.path}?{url.query}")}


def test_there_are_recipes() -> None:
    assert {json.loads(BODY.findall(recipe.text)[0]).get("format", "standard") for recipe in RECIPES} == {
        "standard",
        "slack",
        "telegram",
    }


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_takes_submissions_where_they_are_expected(hooks: Hooks, recipe: Example) -> None:
    form, body = make_form(hooks.app, "owner@example.com", FIELDS), webhook_of(recipe, hooks)
    made = hooks.make(f"/api/forms/{form}/webhooks", **body)
    hooks.fill(form, **ANSWERS)
    hooks.call("POST", f"/api/webhooks/{made['id']}/test")
    hooks.deliver()
    assert len(hooks.receiver.received) == 2
    for number, request in enumerate(hooks.receiver.received):
        hooks.verify(made["secret"], number)
        assert {name.lower(): request.headers[name.lower()] for name in body.get("headers", {})} == {
            name.lower(): value for name, value in body.get("headers", {}).items()
        }
        if made["format"] in SERVICES:
            shown = SERVICES[made["format"]](Payload(request.body, request.headers["content-type"]))
            assert "ann@example.com" in shown
    if made["format"] == "standard":
        assert hooks.bodies[0]["data"]["data"]["email"] == "ann@example.com"


def test_an_app_of_zapier_subscribes_polls_and_unsubscribes(hooks: Hooks) -> None:
    subscription = hooks.make()
    sample = hooks.call("GET", f"/api/webhooks/sample?form_id={hooks.form}").json["data"]["body"]
    hooks.fill()
    hooks.deliver()
    assert set(sample) == set(hooks.bodies[0])
    assert set(sample["data"]) <= set(hooks.bodies[0]["data"])
    polled = hooks.call("GET", f"/api/forms/{hooks.form}/submissions?limit=100").json["data"]
    assert [item["id"] for item in polled] == [hooks.bodies[0]["data"]["id"]]
    assert hooks.call("DELETE", f"/api/webhooks/{subscription['id']}").status_code == 200
    hooks.fill(name="Ben")
    hooks.deliver()
    assert len(hooks.receiver.received) == 1
