"""Making, reading, changing and deleting webhooks; whose they are."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.webhooks.models import Webhook
from tests.conftest import KeyOf
from tests.support.stored import make_form
from tests.support.webhooks import Hooks

FIELDS = [{"name": "name", "type": "text"}, {"name": "topic", "type": "select", "choices": ["Sales", "Other"]}]


def refused(hooks: Hooks, form: str | None = None, **body: Any) -> dict[str, list[str]]:
    """The codes by field."""
    body = {"url": hooks.receiver.url(), **body}
    response = hooks.call("POST", f"/api/forms/{form or hooks.form}/webhooks", **body)
    assert response.status_code == 422, response.json
    codes: dict[str, list[str]] = response.json["codes"]
    return codes


def test_what_is_left_out_has_defaults(hooks: Hooks) -> None:
    made = hooks.make()
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["format"], made["when"]) == (["submission.created"], "standard", None)
    assert (made["enabled"], made["disabled_reason"], made["headers"], made["description"]) == (True, None, [], None)
    shown = hooks.show(made)
    assert "secret" not in shown
    assert shown == {name: value for name, value in made.items() if name != "secret"}


def test_lists_show_the_forms_own_and_the_accounts(hooks: Hooks) -> None:
    of_form, of_all = hooks.make(), hooks.make("/api/webhooks", description="all")
    other = make_form(hooks.app)
    of_other = hooks.make(f"/api/forms/{other}/webhooks")

    def ids(path: str) -> list[str]:
        return [item["id"] for item in hooks.call("GET", path).json["data"]]

    assert ids(f"/api/forms/{hooks.form}/webhooks") == [of_form["id"]]
    assert ids("/api/webhooks") == [of_other["id"], of_all["id"], of_form["id"]]
    first = hooks.call("GET", "/api/webhooks?limit=2").json
    assert ids(f"/api/webhooks?cursor={first['meta']['next']}") == [of_form["id"]]


def test_a_change_leaves_the_rest(hooks: Hooks) -> None:
    made = hooks.make(description="CRM", headers={"X-Key": "1"}, when=[{"field": "topic", "is": "Sales"}])
    changed = hooks.call("PATCH", f"/api/webhooks/{made['id']}", events=["submission.deleted"], when=None)
    assert changed.status_code == 200
    assert (changed.json["data"]["events"], changed.json["data"]["when"]) == (["submission.deleted"], None)
    assert (changed.json["data"]["description"], changed.json["data"]["headers"]) == ("CRM", ["X-Key"])
    assert hooks.show(made) == changed.json["data"]


def test_names_that_the_form_does_not_define_are_refused(hooks: Hooks) -> None:
    form = make_form(hooks.app, "owner@example.com", FIELDS)
    when = [{"field": "name", "is": "Ann"}, {"field": "topics", "is": "Sales"}]
    assert refused(hooks, form, when=when) == {"when.1.field": ["unknown_field"]}
    assert refused(hooks, form, format="custom", template={"text": "{nam}"}) == {"template": ["invalid"]}
    assert refused(hooks, form, format="custom") == {"template": ["invalid"]}
    made = hooks.make(f"/api/forms/{form}/webhooks", format="custom", template={"text": "{name} {reference}"})
    response = hooks.call("PATCH", f"/api/webhooks/{made['id']}", template="{")
    assert response.json["codes"] == {"template": ["invalid"]}


def test_a_form_without_fields_takes_any_name(hooks: Hooks) -> None:
    hooks.make(when=[{"field": "anything", "is": "x"}], format="custom", template={"text": "{anything}"})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Key", "a\r\nX-Injected: 1", "invalid_value"),
        ("X-Key", "a\nb", "invalid_value"),
        ("X-Key", "é", "invalid_value"),
        ("X-Key", "", "invalid_value"),
        ("X-Key", 1, "invalid_value"),
        ("X-Key: a\r\nX-Injected", "1", "invalid_name"),
        ("X Key", "1", "invalid_name"),
        ("", "1", "invalid_name"),
        ("Host", "evil.example", "reserved"),
        ("content-LENGTH", "1", "reserved"),
        ("Transfer-Encoding", "chunked", "reserved"),
        ("Webhook-Signature", "v1,x", "reserved"),
        ("Proxy-Authorization", "x", "reserved"),
    ],
)
def test_headers_cannot_be_injected(hooks: Hooks, name: str, value: Any, code: str) -> None:
    assert refused(hooks, headers={name: value}) == {f"headers.{name}" if name else "headers": [code]}


def test_one_header_has_one_spelling(hooks: Hooks) -> None:
    assert refused(hooks, headers={"X-Key": "1", "x-key": "2"}) == {"headers.x-key": ["repeated"]}


def test_formats_check_the_url(hooks: Hooks) -> None:
    assert refused(hooks, format="telegram") == {"url": ["invalid"]}
    hooks.make(format="telegram", url=hooks.receiver.url("/bot123:abc/sendMessage?chat_id=-100"))


def test_a_form_has_20_and_an_account_50(hooks: Hooks) -> None:
    for _ in range(20):
        hooks.make()
    path = f"/api/forms/{hooks.form}/webhooks"
    beyond = hooks.call("POST", path, url=hooks.receiver.url())
    assert (beyond.status_code, beyond.json["details"]) == (403, {"quota": "webhooks", "limit": 20})
    for _ in range(30):
        hooks.make("/api/webhooks")
    beyond = hooks.call("POST", "/api/webhooks", url=hooks.receiver.url())
    assert (beyond.status_code, beyond.json["details"]) == (403, {"quota": "webhooks", "limit": 50})


def test_a_stranger_finds_nothing(hooks: Hooks, key_of: KeyOf) -> None:
    made, stranger = hooks.make(), key_of(hooks.app, "stranger@example.com")
    path = f"/api/webhooks/{made['id']}"
    calls = [
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate", None),
        ("POST", f"{path}/test", {}),
        ("POST", f"{path}/retry", {"since": "2026-01-01"}),
        ("GET", f"/api/forms/{hooks.form}/webhooks", None),
        ("POST", f"/api/forms/{hooks.form}/webhooks", {"url": hooks.receiver.url()}),
        ("GET", f"/api/webhooks/sample?form_id={hooks.form}", None),
    ]
    for method, url, body in calls:
        assert hooks.client.open(url, method=method, json=body, headers=stranger).status_code == 404, url
    assert hooks.client.get("/api/webhooks", headers=stranger).json["data"] == []
    assert hooks.show(made)["enabled"]


def test_only_the_owner_sees_the_whole_url(hooks: Hooks, key_of: KeyOf) -> None:
    made = hooks.make(url=hooks.receiver.url("/bot123:s3cret/sendMessage"))
    operator = key_of(hooks.app, "operator@example.com", role="operator")
    for path in (f"/api/webhooks/{made['id']}", "/api/webhooks", f"/api/forms/{hooks.form}/webhooks"):
        assert "s3cret" not in hooks.client.get(path, headers=operator).text
    assert hooks.show(made)["url"] == made["url"]


def test_an_api_key_needs_its_scope(hooks: Hooks, key_of: KeyOf) -> None:
    reader = key_of(hooks.app, "reader@example.com", scopes="forms:read")
    assert hooks.client.get("/api/webhooks", headers=reader).status_code == 200
    response = hooks.client.post("/api/webhooks", json={"url": hooks.receiver.url()}, headers=reader)
    assert response.status_code == 403


def test_tests_are_limited(hooks: Hooks) -> None:
    made = hooks.make()
    statuses = [hooks.call("POST", f"/api/webhooks/{made['id']}/test").status_code for _ in range(31)]
    assert statuses == [202] * 30 + [429]


def test_the_audit_trail_names_the_webhook_and_no_secret(hooks: Hooks) -> None:
    made = hooks.make(headers={"X-Key": "s3cret"})
    path = f"/api/webhooks/{made['id']}"
    hooks.call("PATCH", path, enabled=False)
    hooks.call("POST", f"{path}/rotate")
    hooks.call("DELETE", path)
    with hooks.app.app_context():
        query = select(Event.name, Event.details).where(Event.name.like("webhook%")).order_by(Event.id)
        events = {name: json.loads(details) for name, details in db.session.execute(query)}
    assert list(events) == ["webhook_created", "webhook_changed", "webhook_secret_rotated", "webhook_deleted"]
    assert all(details == {"webhook": made["id"], "form_id": hooks.form} for details in events.values())


def test_a_webhook_that_cannot_be_decrypted_is_shown_so_and_not_called(hooks: Hooks) -> None:
    made = hooks.make()
    _spoil(hooks.app)
    assert hooks.show(made)["unreadable"] is True
    hooks.fill()
    hooks.deliver()
    assert hooks.receiver.received == []


def _spoil(app: Flask) -> None:
    with app.app_context():
        table = Webhook.__table__
        db.session.execute(db.text(f"UPDATE {table.name} SET url = secret, description = secret"))
        db.session.commit()
