"""URLs that the operator did not set: public addresses, unless OUTBOUND_ALLOW names them."""

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from forms_service.outbound import OutboundError, OutboundRefusedError, OutboundRequest, check_url, send
from tests.conftest import MakeApp
from tests.support.certificates import Authority
from tests.support.resolver import ADDRESSES, PUBLIC, Resolver, record_connections
from tests.support.web_server import WebServer, serving

LOOPBACK = (
    "127.0.0.1 127.1 0x7f000001 2130706433 0177.0.0.1 127.0.0.1. localhost ⓛⓞⓒⓐⓛⓗⓞⓢⓣ １２７。０。０。１ "
    "[::1] [::] 0 [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] %6cocalhost"
)
METADATA = (
    "169.254.169.254 0xa9fea9fe 169.254.43518 [::169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe] "
    "[64:ff9b:1::a9fe:a9fe] [2002:a9fe:a9fe::1] [fd00:ec2::254] [fd20:ce::254] [fd00:42::42] [fe80::a9fe:a9fe] "
    "100.100.100.200 192.0.0.192 168.63.129.16 metadata.google.internal"
)
PRIVATE = "{host} resolves to 10.0.0.5, a private address. To allow it, add {host} or 10.0.0.5/32 to OUTBOUND_ALLOW."
EVERYTHING = "0.0.0.0/0,::/0,localhost,metadata.google.internal"

AppOf = Callable[[str], Flask]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    resolver = Resolver(monkeypatch)
    resolver.hosts |= ADDRESSES
    return resolver


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; only loopback answers."""
    return record_connections(monkeypatch)


@pytest.fixture(scope="module")
def allowing(make_shared_app: MakeApp) -> AppOf:
    """The service with that OUTBOUND_ALLOW."""
    return cache(lambda hosts: make_shared_app(OUTBOUND_ALLOW=hosts))


@pytest.fixture
def canary() -> Iterator[WebServer]:
    with serving() as server:
        yield server


def refusal(allowing: AppOf, url: str, allow: str = "") -> str | None:
    """Both say the same: the check of the URL, and an attempt."""
    with allowing(allow).app_context():
        try:
            check_url(url)
        except OutboundRefusedError as error:
            sentence = str(error)
        else:
            return None
        with pytest.raises(OutboundRefusedError) as at_attempt:
            send(OutboundRequest(url), public_only=True)
    assert str(at_attempt.value) == sentence
    return sentence


@pytest.mark.parametrize("host", LOOPBACK.split())
def test_loopback_is_refused_in_any_notation(
    allowing: AppOf, resolver: Resolver, connections: list[str], host: str
) -> None:
    assert "OUTBOUND_ALLOW" in (refusal(allowing, f"https://{host}/hook") or "")
    assert connections == []


@pytest.mark.parametrize("host", METADATA.split())
def test_metadata_is_refused_even_where_everything_is_allowed(
    allowing: AppOf, resolver: Resolver, connections: list[str], host: str
) -> None:
    for scheme, allow in itertools.product(("http", "https"), ("", EVERYTHING)):
        assert "never allowed" in (refusal(allowing, f"{scheme}://{host}/latest/meta-data", allow) or "")
    assert connections == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "https://hooks.lan/a",
            PRIVATE.format(host="hooks.lan"),
        ),
        (
            "https://half.example/a",
            PRIVATE.format(host="half.example"),
        ),
        (
            "https://[::ffff:10.0.0.5]/",
            "::ffff:a00:5 is a private address. To allow it, add 10.0.0.5/32 to OUTBOUND_ALLOW.",
        ),
        (
            "https://[fd12::1]:8443/",
            "fd12::1 is a private address. To allow it, add fd12::1/128 to OUTBOUND_ALLOW.",
        ),
        (
            "https://[64:ff9b::a00:5]/",
            "64:ff9b::a00:5 is a reserved address. To allow it, add 64:ff9b::a00:5/128 to OUTBOUND_ALLOW.",
        ),
        (
            "http://hooks.example/",
            f"Must be an https URL. To allow http, add hooks.example or {PUBLIC}/32 to OUTBOUND_ALLOW.",
        ),
    ],
)
def test_a_refusal_names_what_to_write_and_writing_it_helps(
    allowing: AppOf, resolver: Resolver, url: str, sentence: str
) -> None:
    assert refusal(allowing, url) == sentence
    values = sentence.rpartition(" add ")[2].removesuffix(" to OUTBOUND_ALLOW.").split(" or ")
    assert [refusal(allowing, url, value) for value in values] == [None] * len(values)
    assert refusal(allowing, url, "192.168.0.0/16,hooks.other") == sentence


def test_metadata_by_a_name_is_described(allowing: AppOf, resolver: Resolver) -> None:
    assert refusal(allowing, "https://metadata.google.internal/") == (
        "metadata.google.internal resolves to 169.254.169.254, an address for cloud metadata, which is never allowed. "
        "Use another host."
    )


@pytest.mark.parametrize("allow", ["hooks.lan", "HOOKS.lan.", "10.0.0.0/8", "10.0.0.5", "fd00::/8, 10.0.0.5/32"])
def test_what_is_allowed_may_use_http(allowing: AppOf, resolver: Resolver, allow: str) -> None:
    for url in ("http://hooks.lan:8080/", "https://hooks.lan/", "https://Hooks.LAN/"):
        assert refusal(allowing, url, allow) is None


def test_a_public_host_needs_https_and_nothing_else(allowing: AppOf, resolver: Resolver) -> None:
    assert refusal(allowing, "https://hooks.example/a?b=c") is None
    assert "https" in (refusal(allowing, "http://hooks.example/", "hooks.lan,10.0.0.0/8") or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@hooks.example/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example:0/",
        "https://[::1%25lo]/",
        "https://hooks.exa\tmple/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "hooks.example",
        "",
    ],
)
def test_what_is_no_plain_web_url_is_refused(allowing: AppOf, resolver: Resolver, url: str) -> None:
    assert "https://hooks.example.com/path" in (refusal(allowing, url, EVERYTHING) or "")
    assert resolver.lookups == []


def test_a_name_that_does_not_resolve_is_refused(allowing: AppOf, resolver: Resolver) -> None:
    with allowing("").app_context():
        with pytest.raises(OutboundRefusedError, match=r"typo\.example does not resolve\. Check the host name\."):
            check_url("https://typo.example/")
        with pytest.raises(OutboundError):
            send(OutboundRequest("https://typo.example/"), public_only=True)


def test_a_name_that_changes_its_address_reaches_nothing_private(
    allowing: AppOf, resolver: Resolver, connections: list[str], canary: WebServer
) -> None:
    """Rebinding: public for the check of the URL, the canary's in the attempt or at any later lookup."""
    attempts = itertools.cycle([["127.0.0.1"], [PUBLIC], [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC]])
    url = canary.url(scheme="https", host="rebind.example")
    with allowing("").app_context():
        for _ in range(1000):
            answers = itertools.chain([[PUBLIC], next(attempts)], itertools.repeat(["127.0.0.1"]))
            resolver.hosts["rebind.example"] = answers.__next__
            check_url(url)
            with pytest.raises(OutboundError):
                send(OutboundRequest(url), public_only=True)
    assert connections == [PUBLIC] * 250
    assert canary.connections == 0


def test_an_attempt_looks_up_its_host_once(
    allowing: AppOf, resolver: Resolver, connections: list[str], canary: WebServer
) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    resolver.hosts["rebind.example"] = lambda: next(answers)
    with allowing("").app_context(), pytest.raises(OutboundError):
        send(OutboundRequest(canary.url(scheme="https", host="rebind.example")), public_only=True)
    assert (resolver.lookups, connections, canary.connections) == (["rebind.example"], [PUBLIC], 0)


def test_an_allowed_host_is_reached(make_app: MakeApp, resolver: Resolver, canary: WebServer, tmp_path: Path) -> None:
    resolver.hosts["hooks.lan"] = ["127.0.0.1"]
    with make_app(OUTBOUND_ALLOW="hooks.lan").app_context():
        assert send(OutboundRequest(canary.url(host="hooks.lan")), public_only=True).body == b"hello"
    authority = Authority(tmp_path)
    settings = {"OUTBOUND_ALLOW": "127.0.0.0/8", "OUTBOUND_CA_FILE": str(authority.file)}
    with make_app(**settings).app_context(), serving(authority.server_context("hooks.lan")) as server:
        call = OutboundRequest(server.url(scheme="https", host="hooks.lan"))
        assert send(call, public_only=True).body == b"hello"


def test_what_the_operator_set_may_be_private(allowing: AppOf, canary: WebServer) -> None:
    with allowing("").app_context():
        assert send(OutboundRequest(canary.url())).status == 200
        with pytest.raises(OutboundRefusedError):
            send(OutboundRequest(canary.url()), public_only=True)
    assert len(canary.requests) == 1
