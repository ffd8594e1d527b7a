"""No webhook reaches what is private: neither when it is made nor when it is sent."""

import itertools
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery.message import DeliveryError, OutgoingMessage
from forms_service.extensions import db
from forms_service.webhooks.models import Webhook
from forms_service.webhooks.stored_events import store_test
from forms_service.webhooks.transport import HttpTransport
from tests.conftest import KeyOf, MakeApp
from tests.support.receiver import Receiver, receiving
from tests.support.resolver import ADDRESSES, PUBLIC, Resolver, record_connections
from tests.support.stored import make_form
from tests.support.webhooks import Hooks

LOOPBACK = (
    "127.0.0.1 127.1 127.255.255.254 0x7f000001 0x7f.1 2130706433 0177.0.0.1 017700000001 127.0.0.1. 0 0.0.0.0 "
    "localhost localhost. LOCALHOST localhost.localdomain ⓛⓞⓒⓐⓛⓗⓞⓢⓣ １２７。０。０。１ %6cocalhost 127%2e0.0.1 "
    "[::1] [::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:0:127.0.0.1]"
)
TRANSLATED = "[64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [64:ff9b::a00:5]"
PRIVATE = (
    "10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.1 192.168.257 100.64.0.1 169.254.1.1 198.18.0.1 192.0.2.1 "
    "198.51.100.1 203.0.113.1 192.0.0.1 192.88.99.1 224.0.0.1 240.0.0.1 255.255.255.255 012.0.0.5 0xa000005 "
    "[fc00::1] [fd12:3456::1] [fe80::1] [fec0::1] [ff02::1] [2001:db8::1] [3fff::1] [5f00::1] [100::1] [2001::1]"
)
METADATA = (
    "169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376 169.254.43518 [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe] "
    "[2002:a9fe:a9fe::1] [fd00:ec2::254] [fd20:ce::254] [fd00:42::42] 100.100.100.200 192.0.0.192 168.63.129.16"
)
NAMES = "metadata.google.internal hooks.lan half.example unknown.example"
HOSTS = " ".join((LOOPBACK, TRANSLATED, PRIVATE, METADATA, NAMES)).split()

TRICKS = (
    "https://127.0.0.1@hooks.example/",
    "https://hooks.example@127.0.0.1/",
    "https://user:password@hooks.example/",
    "https://hooks.example\\@127.0.0.1/",
    "https://hooks.example#@127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "ftp://hooks.example/",
    "//127.0.0.1/",
    "https://",
    "https://hooks.example:0/",
    "https://hooks.example:99999/",
    "https://hooks.example/\r\nX-Injected: 1",
)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    resolver = Resolver(monkeypatch)
    resolver.hosts |= {**ADDRESSES, **dict.fromkeys(("localhost.", "localhost.localdomain"), ADDRESSES["localhost"])}
    return resolver


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; nothing public answers."""
    return record_connections(monkeypatch)


@pytest.fixture
def canary() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def hooks(make_app: MakeApp, key_of: KeyOf, canary: Receiver) -> Hooks:
    """A service that may reach nothing private."""
    app = make_app(BACKGROUND_WORK="outside", RATE_LIMIT_ENABLED="false")
    return Hooks(app, key_of(app), make_form(app), canary)


def set_url(app: Flask, url: str) -> None:
    """As if it had been made while the address was public, or the database was written to."""
    with app.app_context(), write_session():
        webhook = db.session.scalars(select(Webhook)).one()
        webhook.url = url
        db.session.commit()


def urls(port: int) -> list[str]:
    return [
        f"{scheme}://{host}:{port}/hook"
        for host, scheme in zip(HOSTS, itertools.cycle(("http", "https")), strict=False)
    ]


def test_no_such_webhook_is_made(hooks: Hooks, resolver: Resolver, connections: list[str]) -> None:
    for url in [*urls(hooks.receiver.server_port), *TRICKS]:
        response = hooks.call("POST", "/api/webhooks", url=url)
        if url == "https://hooks.example#@127.0.0.1/":  # a fragment: the host is what it seems
            assert response.status_code == 201
            continue
        assert response.status_code == 422, url
        assert list(response.json["errors"]) == ["url"], url
    assert connections == []


def test_none_becomes_such_a_one(hooks: Hooks, resolver: Resolver) -> None:
    made = hooks.make(url="https://hooks.example/")
    response = hooks.call("PATCH", f"/api/webhooks/{made['id']}", url="https://hooks.lan/")
    assert response.json["errors"] == {
        "url": "hooks.lan resolves to 10.0.0.5, a private address. "
        "To allow it, add hooks.lan or 10.0.0.5/32 to OUTBOUND_ALLOW."
    }
    assert hooks.show(made)["url"] == "https://hooks.example/"


def test_headers_do_not_follow_to_another_server(hooks: Hooks, resolver: Resolver) -> None:
    resolver.hosts["evil.example"] = [PUBLIC]
    path = f"/api/webhooks/{hooks.make(url='https://hooks.example/a', headers={'X-Key': 's3cret'})['id']}"
    refused = hooks.call("PATCH", path, url="https://evil.example/a")
    assert (refused.status_code, refused.json["codes"]) == (422, {"headers": ["required"]})
    assert "s3cret" not in refused.text
    for url, more in (
        ("https://hooks.example/b", {}),
        ("https://evil.example/", {"headers": {"x-key": "new"}}),
        ("https://hooks.example/", {"headers": {"X-Key": None}}),
        ("https://evil.example/", {}),
    ):
        assert hooks.call("PATCH", path, url=url, **more).status_code == 200, url


def test_none_is_sent(hooks: Hooks, resolver: Resolver, connections: list[str]) -> None:
    made = hooks.make(url="https://hooks.example/")
    tricks = [url for url in TRICKS if url != "https://hooks.example#@127.0.0.1/"]
    for url in [*urls(hooks.receiver.server_port), *tricks]:
        set_url(hooks.app, url)
        hooks.call("POST", f"/api/webhooks/{made['id']}/test")
        assert hooks.deliver() == 1
    assert connections == []
    assert hooks.receiver.received == []
    assert {state for _, state in hooks.rows()} == {"failed"}


def test_the_attempt_says_what_to_write(hooks: Hooks, resolver: Resolver) -> None:
    hooks.make(url="https://hooks.example/")
    resolver.hosts["hooks.example"] = ["172.18.0.4"]
    hooks.fill()
    hooks.deliver()
    (answer,) = hooks.answers()
    assert answer == (
        "hooks.example resolves to 172.18.0.4, a private address. "
        "To allow it, add hooks.example or 172.18.0.4/32 to OUTBOUND_ALLOW."
    )
    assert hooks.rows() == [("submission.created", "waiting")]  # the operator may allow it meanwhile


@pytest.mark.slow
def test_a_name_that_changes_its_answer_never_reaches_loopback(
    hooks: Hooks, resolver: Resolver, connections: list[str]
) -> None:
    url = f"https://rebind.example:{hooks.receiver.server_port}/"
    resolver.hosts["rebind.example"] = [PUBLIC]
    made = hooks.make(url=url)
    answers = itertools.cycle([[PUBLIC], ["127.0.0.1"], ["127.0.0.1", PUBLIC], ["::1"], ["10.0.0.5"]])
    resolver.hosts["rebind.example"] = lambda: next(answers)
    with hooks.app.app_context():
        values = store_test(uuid.UUID(made["id"]), "submission.created", None)
        transport = HttpTransport()
        for _ in range(100):  # the answers repeat after five
            message = OutgoingMessage(
                id=new_id(), kind="submission.created", created_at=now(), target="rebind.example", values=values
            )
            with pytest.raises(DeliveryError):
                transport.send(message)
    assert set(connections) == {PUBLIC}
    assert hooks.receiver.received == []


def test_a_redirect_is_not_followed(hooks: Hooks, make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(BACKGROUND_WORK="outside", OUTBOUND_ALLOW="127.0.0.1/32")
    allowed = Hooks(app, key_of(app, "other@example.com"), make_form(app, "other@example.com"), hooks.receiver)
    with receiving() as leading:
        leading.reply.status = 307
        leading.reply.headers = {"Location": hooks.receiver.url()}
        allowed.make(url=leading.url())
        allowed.fill()
        allowed.deliver()
        assert len(leading.received) == 1
    assert hooks.receiver.received == []
    assert allowed.answers() == [
        "307 Redirects are not followed. Set the URL of the webhook to where it leads: " + hooks.receiver.url()
    ]
