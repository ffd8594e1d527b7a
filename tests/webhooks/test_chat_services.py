"""The stubs of chat services refuse what the services refuse."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.formats.payloads import Payload
from tests.support.chat_services import SERVICES, RefusedError
from tests.support.webhook_events import event_of, target_of

Change = Callable[[Any], object]


def rendered(service: str) -> Payload:
    return FORMATS[service].render(event_of({"Your message": "Hello"}), target_of(service))


@pytest.mark.parametrize(
    ("service", "change"),
    [
        ("slack", lambda m: m["blocks"][1]["text"].update(text="<!channel>")),
        ("slack", lambda m: m["blocks"][1]["text"].update(text="&copy;")),
        ("slack", lambda m: m["blocks"][1]["text"].update(type="mrkdwn")),
        ("slack", lambda m: m["blocks"][1]["text"].update(text="x" * 3001)),
        ("slack", lambda m: m["blocks"][0]["text"].update(text="x" * 151)),
        ("slack", lambda m: m["blocks"].extend(m["blocks"][1:2] * 48)),
        ("discord", lambda m: m.pop("allowed_mentions") and m.update(allowed_mentions={"parse": ["everyone"]})),
        ("discord", lambda m: m["embeds"][0]["fields"][0].update(value="@everyone")),
        ("discord", lambda m: m["embeds"][0]["fields"][0].update(value="https://evil.example")),
        ("discord", lambda m: m["embeds"][0]["fields"][0].update(value="a\n- b")),
        ("discord", lambda m: m["embeds"][0]["fields"][0].update(value="x" * 1025)),
        ("discord", lambda m: m["embeds"][0]["fields"][0].update(name=" ")),
        ("discord", lambda m: m["embeds"][0].update(fields=[{"name": "a", "value": "x" * 1000}] * 6)),
        ("discord", lambda m: m["embeds"][0].update(fields=[{"name": "a", "value": "b"}] * 26)),
        ("telegram", lambda m: m.update(text="hi @durov")),
        ("telegram", lambda m: m.update(text="/start")),
        ("telegram", lambda m: m.update(text="😀" * 2049)),
        ("telegram", lambda m: m.update(parse_mode="HTML")),
        ("teams", lambda m: m["attachments"][0]["content"]["body"].append({"type": "TextBlock", "text": "**x**"})),
        ("teams", lambda m: m["attachments"][0]["content"]["body"][1]["inlines"][0].update(text="{{DATE(x)}}")),
        ("teams", lambda m: m["attachments"][0]["content"]["body"][1]["inlines"][0].update(text="x" * 13_600)),
    ],
)
def test_a_stub_refuses_what_its_service_refuses(service: str, change: Change) -> None:
    message = json.loads(rendered(service).body)
    SERVICES[service](Payload(json.dumps(message).encode()))
    change(message)
    with pytest.raises(RefusedError):
        SERVICES[service](Payload(json.dumps(message).encode()))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 4097, {}),
        (b"x", {"Title": "a\r\nX-Email: eve@example.com"}),
        (b"x", {"Title": "é"}),
        (b"x", {"Markdown": "yes"}),
        (b"x", {"Email": "eve@example.com"}),
    ],
)
def test_the_stub_of_ntfy_refuses_what_ntfy_obeys(body: bytes, headers: dict[str, str]) -> None:
    good = rendered("ntfy")
    SERVICES["ntfy"](good)
    with pytest.raises(RefusedError):
        SERVICES["ntfy"](Payload(body, good.content_type, {**good.headers, **headers}))
