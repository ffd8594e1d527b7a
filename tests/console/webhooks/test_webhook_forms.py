"""Making and changing webhooks in the console."""

import json
import re
from typing import Any

import pytest

from forms_service.console.delivery_words import EVENTS as EVENT_WORDS
from forms_service.console.format_words import FORMATS as FORMAT_WORDS
from forms_service.console.format_words import example_template
from forms_service.submissions.events import EVENTS
from forms_service.webhooks.formats import FORMATS
from tests.conftest import KeyOf
from tests.support.console import Visitor
from tests.support.html_forms import send_form, shown_values
from tests.support.stored import OWNER, make_form
from tests.support.webhooks import Hooks

FIELDS = [
    {"name": "name", "type": "text", "label": "Your name"},
    {"name": "topic", "type": "select", "choices": ["Sales", "Other"]},
    {"name": "الاسم", "type": "text"},
    {"name": "cv", "type": "file"},
]

HOSTILE = ('"\\ud800"', '{"a": 1, "a": 2}', "[" * 100 + "]" * 100, "NaN", "\\u0000", '"\\u0000"')


def make(visitor: Visitor, page: str, **values: Any) -> str:
    """Make a webhook by the form; the path of its page."""
    answer = send_form(visitor, f"{page}/new", "/new", **values)
    assert answer.status_code == 201, answer.text
    (path,) = re.findall(rf'href="({page}/[0-9a-f-]{{36}})"', answer.text)
    return str(path)


def only(hooks: Hooks, path: str | None = None) -> dict[str, Any]:
    (webhook,) = hooks.call("GET", path or f"/api/forms/{hooks.form}/webhooks").json["data"]
    return dict(webhook)


def test_formats_and_events_have_words() -> None:
    assert set(FORMAT_WORDS) == set(FORMATS)
    assert set(EVENT_WORDS) == set(EVENTS)


def test_the_secret_is_shown_once_and_signs_what_is_sent(signed_in: Visitor, hooks: Hooks, page: str) -> None:
    answer = send_form(signed_in, f"{page}/new", "/new", url=hooks.receiver.url(), description="CRM")
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    webhook = f"{page}/{only(hooks)['id']}"
    assert secret not in signed_in.get(webhook).text
    hooks.fill()
    hooks.deliver()
    assert hooks.verify(secret)["type"] == "submission.created"
    rotated = send_form(signed_in, webhook, "/rotate")
    (new_secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", rotated.text)
    assert new_secret != secret
    hooks.fill(name="Ben")
    hooks.deliver()
    hooks.verify(new_secret)


def test_everything_is_saved_and_headers_are_never_shown(signed_in: Visitor, hooks: Hooks, page: str) -> None:
    values = {
        "url": hooks.receiver.url(),
        "events": ["submission.created", "submission.deleted"],
        "when.0.field": "topic",
        "when.0.operator": "is_not",
        "when.0.value": "Other",
        "headers.0.name": "X-Key",
        "headers.0.value": "s3cret",
        "headers.1.name": "X-Other",
        "headers.1.value": "0ther",
    }
    change = f"{make(signed_in, page, **values)}/change"
    webhook = only(hooks)
    assert webhook["events"] == values["events"]
    assert webhook["when"] == [{"field": "topic", "is_not": "Other"}]
    text = signed_in.get(change).text
    assert "X-Key" in text
    assert "s3cret" not in text
    assert send_form(signed_in, change, "/change", description="CRM", **{"headers.1.remove": "true"}).status_code == 303
    changed = only(hooks)
    assert changed == {**webhook, "headers": ["X-Key"], "description": "CRM", "updated_at": changed["updated_at"]}
    hooks.fill()
    hooks.deliver()
    headers = hooks.receiver.received[0].headers
    assert (headers["x-key"], "x-other" in headers) == ("s3cret", False)


def test_a_refused_address_says_what_the_operator_can_allow(signed_in: Visitor, hooks: Hooks, page: str) -> None:
    answer = send_form(signed_in, f"{page}/new", "/new", url="https://10.0.0.9/hook", description="会社 عربي")
    assert answer.status_code == 422
    assert re.search(r'id="url-wrong">[^<]*OUTBOUND_ALLOW', answer.text)
    assert 'value="https://10.0.0.9/hook"' in answer.text
    assert 'value="会社 عربي"' in answer.text


def test_faults_stand_beside_their_controls(signed_in: Visitor, hooks: Hooks) -> None:
    page = f"/console/forms/{make_form(hooks.app, OWNER, FIELDS)}/webhooks"
    rows = {"headers.0.name": "Host", "headers.0.value": "x", "headers.1.name": "X-A", "headers.1.value": "é"}
    values: dict[str, Any] = {"url": hooks.receiver.url(), "events": None, "when.0.field": "topic", **rows}
    answer = send_form(signed_in, f"{page}/new", "/new", **values)
    assert answer.status_code == 422
    assert "The service sets this header itself." in answer.text
    assert 'id="headers.1-wrong">Must be 1 to 2000 visible ASCII characters' in answer.text
    assert 'id="events-wrong">Must have 1 to 5 items.' in answer.text
    assert 'id="when.0.value-wrong">Must not be empty.' in answer.text
    assert 'value="é"' in answer.text
    twice = {"headers.0.name": "X-A", "headers.0.value": "a", "headers.1.name": "X-A", "headers.1.value": "b"}
    answer = send_form(signed_in, f"{page}/new", "/new", url=hooks.receiver.url(), **twice)
    assert "This header is named twice." in answer.text
    zeros = {"headers.007.name": "Host", "headers.007.value": "x", "when.007.field": "topic"}
    zeros["when.007.operator"] = "is"
    answer = send_form(signed_in, f"{page}/new", "/new", url=hooks.receiver.url(), **zeros)
    assert answer.status_code == 422
    assert "The service sets this header itself." in answer.text
    assert 'id="when.0.value-wrong">Must not be empty.' in answer.text


@pytest.mark.parametrize("fields", [FIELDS, []])
def test_the_example_of_a_template_is_taken_as_it_is(
    signed_in: Visitor, hooks: Hooks, fields: list[dict[str, Any]]
) -> None:
    form = make_form(hooks.app, OWNER, fields)
    page = f"/console/forms/{form}/webhooks"
    example = shown_values(signed_in, f"{page}/new", "/new")["template"]
    assert example == example_template(fields)
    webhook = make(signed_in, page, url=hooks.receiver.url(), format="custom")
    assert only(hooks, f"/api/forms/{form}/webhooks")["template"] == json.loads(example)
    hooks.fill(form, name="Ann", topic="Sales")
    hooks.deliver()
    body = hooks.receiver.received[0].json
    assert (body["name"], body["title"][:9]) == ("Ann", "Contact (")
    assert "Contact (BZZM5-BAS6N)" in signed_in.get(webhook).text
    refused = send_form(signed_in, f"{webhook}/change", "/change", template='{"a": "{nmae}"')
    assert 'id="template-wrong">The template must be JSON.' in refused.text
    if fields:
        refused = send_form(signed_in, f"{webhook}/change", "/change", template='{"a": "{nmae}"}')
        assert 'id="template-wrong">The form has no field nmae.' in refused.text


@pytest.mark.parametrize("template", HOSTILE)
def test_no_template_is_an_error_of_the_server(signed_in: Visitor, hooks: Hooks, page: str, template: str) -> None:
    values = {"url": hooks.receiver.url(), "format": "custom", "template": template}
    assert send_form(signed_in, f"{page}/new", "/new", **values).status_code in (201, 422)
    assert signed_in.get(page).status_code == 200


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_sample_of_each_format(signed_in: Visitor, page: str, format_name: str) -> None:
    for path in (page, "/console/webhooks"):
        text = signed_in.get(f"{path}/sample?format={format_name}&event=submission.created").text
        assert re.search(r"BZZM5\\?\\?-BAS6N", text)


def test_a_webhook_of_all_forms(signed_in: Visitor, hooks: Hooks, page: str) -> None:
    webhook = make(signed_in, "/console/webhooks", url=hooks.receiver.url(), description="All of them")
    assert only(hooks, "/api/webhooks")["form_id"] is None
    assert "All of them" in signed_in.get("/console/webhooks").text
    listed = signed_in.get(page).text
    assert 'href="/console/webhooks"' in listed
    assert "1; they hear of this form too" in re.sub(r"\s+", " ", listed)
    assert signed_in.get(webhook).status_code == 200
    assert signed_in.get(webhook.replace("/console/webhooks", page)).status_code == 404


def test_an_account_that_may_have_no_forms_makes_none(signed_in: Visitor, hooks: Hooks, key_of: KeyOf) -> None:
    key_of(hooks.app, "user@example.com", role="user")
    user = Visitor(hooks.app)
    user.sign_in("user@example.com")
    answer = send_form(user, "/console/webhooks/new", "/new", url=hooks.receiver.url())
    assert answer.status_code == 403
    assert "Ask the operator for the role owner." in answer.text


def test_an_operator_changes_anothers_webhook_without_its_url(hooks: Hooks, key_of: KeyOf) -> None:
    made = hooks.make(url=hooks.receiver.url("/bot123:s3cret/send"))
    key_of(hooks.app, "op@example.com", role="operator")
    operator = Visitor(hooks.app)
    operator.sign_in("op@example.com")
    change = f"/console/forms/{hooks.form}/webhooks/{made['id']}/change"
    assert "s3cret" not in operator.get(change).text
    assert send_form(operator, change, "/change", description="Watched").status_code == 303
    assert {**hooks.show(made), "updated_at": ""} == {
        **{name: value for name, value in made.items() if name != "secret"},
        "description": "Watched",
        "updated_at": "",
    }


def test_headers_are_not_sent_to_another_server(signed_in: Visitor, hooks: Hooks, page: str) -> None:
    made = hooks.make(headers={"X-Key": "s3cret"})
    change = f"{page}/{made['id']}/change"
    refused = send_form(signed_in, change, "/change", url=hooks.receiver.url(host="127.0.0.1") + "x")
    assert refused.status_code == 303  # another path of the same server
    refused = send_form(signed_in, change, "/change", url="http://127.0.0.1:1/hook")
    assert "The URL leads to another server. Send X-Key again" in refused.text


def test_fifty_are_on_one_page_and_the_next_is_refused_there(signed_in: Visitor, hooks: Hooks) -> None:
    for number in range(50):
        hooks.make("/api/webhooks", description=f"Program {number}")
    text = signed_in.get("/console/webhooks").text
    assert len(re.findall(r"<strong>Program \d+</strong>", text)) == 50
    refused = send_form(signed_in, "/console/webhooks/new", "/new", url=hooks.receiver.url())
    assert refused.status_code == 403
    assert "at most 50 webhooks" in refused.text
    assert f'value="{hooks.receiver.url()}"' in refused.text
